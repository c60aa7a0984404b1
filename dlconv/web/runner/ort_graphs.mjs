// Small ONNX models one after another in ONNX Runtime Web, each sent with its inputs: how its
// conformance is measured.
//
// A request is {model: bytes, inputs: [{name, type, shape, bytes}]} and all their bytes, the model
// first; the answer is {type, shape} and the bytes of the first output, or {failed}.

import { describeOrt, openModel } from "../segment/src/ort_model.ts";
import { failed, inputsIn } from "./graphs.mjs";

export async function startOrtGraphs({ ort, wasmPaths }) {
  return {
    description: describeOrt(ort),
    infer: (header, payload) => answer(ort, wasmPaths, header, payload),
  };
}

async function answer(ort, wasmPaths, header, payload) {
  let session;
  try {
    const file = payload.slice(0, header.model);
    session = await openModel({ ort, wasmPaths, threads: 1, file });
    return await run(ort, session, header, payload);
  } catch (error) {
    return failed(error);
  } finally {
    await session?.release();
  }
}

async function run(ort, session, { model, inputs }, payload) {
  const feeds = {};
  for (const { name, type, shape, values } of inputsIn(inputs, payload, model)) {
    if (session.inputNames.includes(name)) feeds[name] = new ort.Tensor(type, values, shape);
  }
  const { data, dims, type } = (await session.run(feeds))[session.outputNames[0]];
  return { header: { type, shape: dims }, answer: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}
