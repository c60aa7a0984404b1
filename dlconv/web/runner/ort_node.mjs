// The process behind the runtime `ort-web-node`:  node ort-node.mjs MODEL.onnx
// Without a model ("") each request brings one of its own (ort_graphs.mjs).

import * as ort from "onnxruntime-web";
import path from "node:path";

import { startOrtGraphs } from "./ort_graphs.mjs";
import { startOrt } from "./ort_session.mjs";
import { readFrom, serve } from "./process.mjs";

const wasmPaths = new URL(".", import.meta.url).href;

serve(async (file) => {
  if (!file) return startOrtGraphs({ ort, wasmPaths });
  const content = await readFrom(path.dirname(file))(path.basename(file));
  return startOrt({ ort, wasmPaths, threads: 1, file: content });
});
