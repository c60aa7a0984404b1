// An ONNX file in ONNX Runtime Web. `ort` is the module: Node.js and browsers have builds of their
// own, and so have wasm and WebGPU.

import type * as Ort from "onnxruntime-web/wasm";

import { nameOf } from "./webgpu_device.ts";

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

/** What the sessions of a module run on: a device of WebGPU, or wasm. */
export function describeOrt({ env }: typeof Ort, device?: GPUDevice): Record<string, unknown> {
  return {
    onnxruntime_web: env.versions.web,
    backend: device ? "webgpu" : "wasm",
    simd: true,
    threads: env.wasm.numThreads,
    ...(device && { renderer: nameOf(device) }),
  };
}
