// An ONNX file in ONNX Runtime Web. `ort` is the module: Node.js and browsers have builds of their
// own.

import type * as Ort from "onnxruntime-web/wasm";

interface Opening {
  readonly ort: typeof Ort;
  readonly wasmPath: string;
  readonly threads: number;
  readonly file: Uint8Array;
}

export async function openModel(opening: Opening): Promise<Ort.InferenceSession> {
  const { ort, wasmPath, threads, file } = opening;
  ort.env.wasm.wasmPaths = wasmPath;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  return ort.InferenceSession.create(file, { executionProviders: ["wasm"] });
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
