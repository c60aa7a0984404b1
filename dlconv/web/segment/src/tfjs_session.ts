// A TF.js artifact as a session.

import * as tf from "@tensorflow/tfjs-core";

import type { Read } from "./files.ts";
import type { Pixels, Size } from "./framing.ts";
import type { Answer, Session } from "./session.ts";
import { describeBackend, loadModel, startBackend } from "./tfjs_model.ts";

export type TfjsBackend = "wasm" | "webgl" | "webgpu";

// The packages register their backends; that of wasm comes with tfjs_model.ts.
const REGISTER: Readonly<Record<TfjsBackend, () => Promise<unknown>>> = {
  wasm: async () => {},
  webgl: () => import("@tensorflow/tfjs-backend-webgl"),
  webgpu: () => import("@tensorflow/tfjs-backend-webgpu"),
};

export async function openTfjs(
  read: Read,
  backend: TfjsBackend,
  runtimeUrl: string,
): Promise<Session> {
  await REGISTER[backend]();
  await startBackend(backend, runtimeUrl);
  const model = await loadModel(read);
  const description = await describeBackend();
  const dtype = model.inputs[0]!.dtype as "float32" | "int32";

  async function infer(pixels: Pixels, { width, height }: Size): Promise<Answer> {
    // The backend is one for all models; another one may have been started since.
    if (tf.getBackend() !== backend) await tf.setBackend(backend);
    const started = performance.now();
    const typed = dtype === "float32" ? Float32Array.from(pixels) : Int32Array.from(pixels);
    const input = tf.tensor(typed, [1, height, width, 3], dtype);
    const uploaded = performance.now();
    let output: tf.Tensor | undefined;
    try {
      output = model.predict(input) as tf.Tensor;
      const inferred = performance.now();
      const values = await output.data();
      const timing = {
        upload: uploaded - started,
        inference: inferred - uploaded,
        readBack: performance.now() - inferred,
      };
      return { values, depth: output.rank === 4 ? output.shape[3]! : 1, timing };
    } finally {
      tf.dispose(output ? [input, output] : input);
    }
  }

  return {
    backend,
    description,
    get tensors() {
      return tf.memory().numTensors;
    },
    infer,
    dispose: async () => model.dispose(),
  };
}
