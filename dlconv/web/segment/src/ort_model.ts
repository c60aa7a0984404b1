// An ONNX file in ONNX Runtime Web. `ort` is the module: Node.js and browsers have builds of their
// own, and so have wasm and WebGPU.

import type * as Ort from "onnxruntime-web/wasm";

const ERROR = 3;

interface Opening {
  readonly ort: typeof Ort;
  /** The folder of the runtime's files, or the URLs of those of this module. */
  readonly wasmPaths: Ort.Env.WasmPrefixOrFilePaths;
  readonly threads: number;
  readonly file: Uint8Array;
  /** Run on this device of WebGPU. */
  readonly device?: GPUDevice | undefined;
}

export async function openModel(opening: Opening): Promise<Ort.InferenceSession> {
  const { ort, wasmPaths, threads, file, device } = opening;
  ort.env.wasm.wasmPaths = wasmPaths;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  const executionProviders = [device ? { name: "webgpu" as const, device } : "wasm"];
  return ort.InferenceSession.create(file, { executionProviders, logSeverityLevel: ERROR });
}

/** What the sessions of a module run on. */
export function describeOrt({ env }: typeof Ort): Record<string, unknown> {
  const { numThreads } = env.wasm;
  return {
    onnxruntime_web: env.versions.web,
    backend: "wasm",
    simd: true,
    threads: numThreads,
  };
}
