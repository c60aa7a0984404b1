// The process behind the runtime `tfjs-node`: loads one TF.js graph model and maps photos to
// labels until its standard input ends.
//
//   node tfjs-node.cjs MODEL_DIRECTORY BACKEND
//
// It writes one frame when it is ready, then answers each frame {shape, dtype} + pixels (uint8 or
// float32) with a frame {shape, dtype, ms, tensors} + labels (int32) or scores (float32), or with
// {error} and an exit.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { loadGraphModel } from "@tensorflow/tfjs-converter";

import { readFrames, writeFrame } from "./frames.mjs";
import { readGraphModel } from "./graph_model_files.mjs";

for (const level of ["log", "info", "debug"]) console[level] = console.error;

async function start(directory, backend) {
  setWasmPaths(`${__dirname}/`);
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  if (!(await tf.setBackend(backend))) throw new Error(`TF.js cannot start its ${backend} backend`);
  await tf.ready();
  const artifacts = await readGraphModel(directory);
  return loadGraphModel({ load: async () => artifacts });
}

async function describe(model) {
  const wasm = tf.getBackend() === "wasm";
  return {
    tfjs: tf.version_core,
    node: process.versions.node,
    backend: tf.getBackend(),
    simd: wasm && (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")),
    inputs: model.inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    outputs: model.outputs.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
  };
}

async function infer(model, { shape, dtype: given }, payload) {
  const { dtype } = model.inputs[0];
  const pixels = given === "float32" ? new Float32Array(aligned(payload)) : payload;
  const values = dtype === "float32" ? Float32Array.from(pixels) : Int32Array.from(pixels);
  const input = tf.tensor(values, shape, dtype);
  const started = performance.now();
  const output = model.predict(input);
  const data = await output.data();
  const ms = performance.now() - started;
  const header = { shape: output.shape, dtype: output.dtype, ms };
  const answer = output.dtype === "float32" ? data : Int32Array.from(data);
  tf.dispose([input, output]);
  return { header: { ...header, tensors: tf.memory().numTensors }, answer };
}

function aligned(bytes) {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

async function main([directory, backend]) {
  const model = await start(directory, backend);
  await writeFrame(process.stdout, await describe(model));
  for await (const { header, payload } of readFrames(process.stdin)) {
    const { header: described, answer } = await infer(model, header, payload);
    await writeFrame(process.stdout, described, answer);
  }
}

main(process.argv.slice(2)).catch(async (error) => {
  await writeFrame(process.stdout, { error: error.message ?? String(error) });
  process.exitCode = 1;
});
