// Small graph models one after another on one backend, each sent with its inputs: how the conformance
// of a backend is measured.
//
// A request is {files: {name: bytes}, inputs: [{name, shape, dtype}], outputs: [names]} and all their
// bytes, files first; the answer is {outputs: [{shape, dtype}]} and values, float32 or int32 (also for
// bool), or {failed} for a graph that TF.js does not run.

import * as tf from "@tensorflow/tfjs-core";
import { describeBackend, locateWasm, readModel, startBackend } from "../segment/src/tfjs_model.ts";
import { failed } from "./graphs.mjs";
import { aligned } from "./payload.mjs";

export async function startGraphs({ backend, wasmPath }) {
  locateWasm((name) => wasmPath + name);
  await startBackend(backend);
  return { description: await describeBackend(), infer: answer };
}

async function answer(header, payload) {
  tf.engine().startScope();
  try {
    return await run(header, payload);
  } catch (error) {
    return failed(error);
  } finally {
    tf.engine().endScope();
  }
}

// The arrays that TF.js holds tensors in.
const HELD = {
  float32: (bytes) => new Float32Array(bytes),
  int32: (bytes) => new Int32Array(bytes),
  bool: (bytes) => Uint8Array.from(new Int32Array(bytes)),
};

async function run({ files, inputs, outputs }, payload) {
  let offset = 0;
  const take = (length) => payload.subarray(offset, (offset += length));
  const contents = new Map(Object.entries(files).map(([name, length]) => [name, take(length)]));
  const model = (await readModel(async (name) => contents.get(name)))();
  try {
    const feeds = Object.fromEntries(inputs.map(({ name, shape, dtype }) => {
      const bytes = aligned(take(4 * shape.reduce((a, b) => a * b, 1)));
      return [name, tf.tensor(HELD[dtype](bytes), shape, dtype)];
    }));
    const found = [model.execute(feeds, outputs)].flat();
    const values = await Promise.all(found.map((output) => output.data()));
    const buffer = new ArrayBuffer(4 * values.reduce((sum, { length }) => sum + length, 0));
    let place = 0;
    for (const [index, value] of values.entries()) {
      const Kind = found[index].dtype === "float32" ? Float32Array : Int32Array;
      new Kind(buffer, place, value.length).set(value);
      place += 4 * value.length;
    }
    const described = found.map(({ shape, dtype }) => ({ shape, dtype }));
    return { header: { outputs: described }, answer: new Uint8Array(buffer) };
  } finally {
    model.dispose();
  }
}
