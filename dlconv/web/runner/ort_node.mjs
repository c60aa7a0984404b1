// The process behind the runtime `ort-web-node`:  node ort-node.mjs MODEL.onnx

import * as ort from "onnxruntime-web";
import path from "node:path";

import { startOrt } from "./ort_session.mjs";
import { readFrom, serve } from "./process.mjs";

serve(async (file) => startOrt({
  ort,
  wasmPaths: new URL(".", import.meta.url).href,
  threads: 1,
  file: await readFrom(path.dirname(file))(path.basename(file)),
}));
