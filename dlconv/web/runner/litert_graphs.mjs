// Small .tflite files one after another in LiteRT.js with wasm, each sent with its inputs: how its
// conformance is measured.
//
// A request is {model: bytes, inputs: [{name, type, shape, bytes}]} and all their bytes, the model
// first; the answer is {type, shape} and the bytes of the first output, or {failed}.

import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";
import { version } from "@litertjs/core/package.json";

import { failed, inputsIn } from "./graphs.mjs";

export async function startLitertGraphs({ wasmPath }) {
  await loadLiteRt(wasmPath, { threads: true });
  return { description: { litert: version }, infer: answer };
}

async function answer(header, payload) {
  const kept = [];
  try {
    return await run(header, payload, kept);
  } catch (error) {
    return failed(error);
  } finally {
    for (const each of kept) each.delete();
  }
}

async function run({ model: length, inputs }, payload, kept) {
  const model = await loadAndCompile(payload.slice(0, length), {
    accelerator: "wasm",
    cpuOptions: { numThreads: 1 },
  });
  kept.push(model);
  const wanted = new Set(model.getInputDetails().map(({ name }) => name));
  const feeds = {};
  for (const { name, shape, values } of inputsIn(inputs, payload, length)) {
    if (wanted.has(name)) kept.push((feeds[name] = new Tensor(values, shape)));
  }
  const [found] = Object.values(await model.run(feeds));
  kept.push(found);
  const { dtype, layout } = found.type;
  const { buffer, byteOffset, byteLength } = await found.data();
  return {
    header: { type: dtype, shape: Array.from(layout.dimensions) },
    answer: new Uint8Array(buffer, byteOffset, byteLength),
  };
}
