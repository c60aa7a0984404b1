// The process behind the runtime `tfjs-node`:  node tfjs-node.cjs MODEL_DIRECTORY BACKEND

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";

import { readFrom, serve } from "./process.mjs";
import { startTfjs } from "./tfjs_session.mjs";

serve((directory, backend) => {
  // Its worker comes from a blob URL, which Node.js does not load.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  return startTfjs({ backend, wasmPath: `${__dirname}/`, read: readFrom(directory) });
});
