// An ONNX file in ONNX Runtime Web as a session, with the face of a TF.js one (tfjs_session.mjs).
//
// `ort` is the module, since Node.js and browsers have builds of their own; `device`, where it runs on
// WebGPU, is one of that.

import { describeOrt, openModel } from "../segment/src/ort_model.ts";
import { aligned } from "./payload.mjs";

export async function startOrt({ ort, wasmPaths, threads, file, device }) {
  const session = await openModel({ ort, wasmPaths, threads, file, device });
  return {
    description: describeOrt(ort, device),
    infer: (header, payload) => infer(ort, session, header, payload),
  };
}

async function infer(ort, session, { shape, dtype }, payload) {
  const pixels = dtype === "float32" ? new Float32Array(aligned(payload)) : payload;
  const input = new ort.Tensor(dtype, pixels, shape);
  const started = performance.now();
  const outputs = await session.run({ [session.inputNames[0]]: input });
  const ms = performance.now() - started;
  const { data, dims, type } = outputs[session.outputNames[0]];
  const isScores = type === "float32";
  // Labels are int64 in most files, and those come as BigInt64Array.
  const answer = isScores ? data : Int32Array.from(data, Number);
  return { header: { shape: dims, dtype: isScores ? "float32" : "int32", ms }, answer };
}
