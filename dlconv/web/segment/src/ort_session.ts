// An ONNX artifact as a session.

import * as ort from "onnxruntime-web/wasm";

import type { Pixels, Size } from "./framing.ts";
import { describeOrt, openModel } from "./ort_model.ts";
import type { Answer, Session } from "./session.ts";

export async function openOrt(file: Uint8Array, runtimeUrl: string): Promise<Session> {
  const threads = crossOriginIsolated ? navigator.hardwareConcurrency : 1;
  const session = await openModel({ ort, wasmPath: runtimeUrl, threads, file });
  const [inputName, outputName] = [session.inputNames[0]!, session.outputNames[0]!];

  async function infer(pixels: Pixels, { width, height }: Size): Promise<Answer> {
    const started = performance.now();
    const dtype = pixels instanceof Float32Array ? "float32" : "uint8";
    const input = new ort.Tensor(dtype, pixels, [1, height, width, 3]);
    const uploaded = performance.now();
    const outputs = await session.run({ [inputName]: input });
    const inferred = performance.now();
    const output = outputs[outputName]!;
    const values = (await output.getData()) as ArrayLike<number | bigint>;
    const timing = {
      upload: uploaded - started,
      inference: inferred - uploaded,
      readBack: performance.now() - inferred,
    };
    const depth = output.dims.length === 4 ? output.dims[3]! : 1;
    input.dispose();
    output.dispose();
    return { values, depth, timing };
  }

  return {
    backend: "wasm",
    description: describeOrt(ort),
    tensors: 0,
    infer,
    dispose: () => session.release(),
  };
}
