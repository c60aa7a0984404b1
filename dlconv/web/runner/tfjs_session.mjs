// A TF.js graph model as a session: `description`, and `infer(header, payload)` for one photo.
//
// A photo is {shape, dtype} and its bytes, uint8 or float32; the answer is {shape, dtype, ms,
// tensors} and labels (int32) or scores (float32). With {nodes}, names of nodes in the graph, it is
// {shapes} and their values, float32, one after another.

import * as tf from "@tensorflow/tfjs-core";
import { describeBackend, locateWasm, readModel, startBackend } from "../segment/src/tfjs_model.ts";
import { aligned } from "./payload.mjs";

export async function startTfjs({ backend, wasmPath, read }) {
  locateWasm((name) => wasmPath + name);
  await startBackend(backend);
  const model = (await readModel(read))();
  return {
    description: await describeBackend(),
    infer: (header, payload) => (header.nodes ? activations : infer)(model, header, payload),
  };
}

function inputOf(model, { shape, dtype: given }, payload) {
  const { dtype } = model.inputs[0];
  const pixels = given === "float32" ? new Float32Array(aligned(payload)) : payload;
  const values = dtype === "float32" ? Float32Array.from(pixels) : Int32Array.from(pixels);
  return tf.tensor(values, shape, dtype);
}

async function activations(model, header, payload) {
  const input = inputOf(model, header, payload);
  const outputs = [model.execute({ [model.inputs[0].name]: input }, header.nodes)].flat();
  const answer = new Float32Array(outputs.reduce((sum, { size }) => sum + size, 0));
  let offset = 0;
  for (const output of outputs) {
    answer.set(await output.data(), offset);
    offset += output.size;
  }
  const shapes = outputs.map(({ shape }) => shape);
  tf.dispose([input, outputs]);
  return { header: { shapes }, answer };
}

async function infer(model, header, payload) {
  const input = inputOf(model, header, payload);
  const started = performance.now();
  const output = model.predict(input);
  const data = await output.data();
  const ms = performance.now() - started;
  const described = { shape: output.shape, dtype: output.dtype, ms };
  // A cast in the cpu backend leaves integers in an array of integers.
  const answer = (output.dtype === "float32" ? Float32Array : Int32Array).from(data);
  tf.dispose([input, output]);
  return { header: { ...described, tensors: tf.memory().numTensors }, answer };
}
