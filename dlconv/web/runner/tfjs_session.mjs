// A TF.js graph model as a session: `description`, and `infer(header, payload)` for one photo.
//
// A photo is {shape, dtype} and its bytes, uint8 or float32; the answer is {shape, dtype, ms,
// tensors} and labels (int32) or scores (float32). With {nodes}, names of nodes in the graph, it is
// {shapes} and their values, float32, one after another.

import * as tf from "@tensorflow/tfjs-core";
import { getThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { loadGraphModel } from "@tensorflow/tfjs-converter";

import { readGraphModel } from "./graph_model_files.mjs";
import { aligned } from "./payload.mjs";

export async function startTfjs({ backend, wasmPath, read }) {
  setWasmPaths(wasmPath);
  const started = await tf.setBackend(backend).catch((error) => {
    throw new Error(`TF.js cannot start its ${backend} backend: ${error.message}`);
  });
  if (!started) throw new Error(`TF.js cannot start its ${backend} backend`);
  await tf.ready();
  const artifacts = await readGraphModel(read);
  const model = await loadGraphModel({ load: async () => artifacts });
  return {
    description: { ...(await describe()), tfjs: tf.version_core, backend: tf.getBackend() },
    infer: (header, payload) => (header.nodes ? activations : infer)(model, header, payload),
  };
}

const describe = () => (DESCRIBED[tf.getBackend()] ?? (() => ({})))();

const DESCRIBED = {
  wasm: async () => ({
    simd: await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"),
    threads: (await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT")) ? getThreadsCount() : 1,
  }),
  webgl: () => {
    const { gl } = tf.backend().gpgpu;
    const names = gl.getExtension("WEBGL_debug_renderer_info");
    return {
      renderer: gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER),
      precision: tf.env().getBool("WEBGL_RENDER_FLOAT32_ENABLED") ? "float32" : "float16",
    };
  },
  webgpu: async () => {
    const { info } = await navigator.gpu.requestAdapter();
    const parts = [info.vendor, info.architecture, info.device, info.description];
    return { renderer: parts.filter(Boolean).join(" "), precision: "float32" };
  },
};

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
  const answer = output.dtype === "float32" ? data : Int32Array.from(data);
  tf.dispose([input, output]);
  return { header: { ...described, tensors: tf.memory().numTensors }, answer };
}
