// The process behind the runtime `tfjs-node`:  node tfjs-node.cjs MODEL_DIRECTORY BACKEND
// Without a directory ("") each request brings a graph of its own (tfjs_graphs.mjs).

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";

import { readFrom, serve } from "./process.mjs";
import { startGraphs } from "./tfjs_graphs.mjs";
import { startTfjs } from "./tfjs_session.mjs";

serve((directory, backend) => {
  // Its worker comes from a blob URL, which Node.js does not load.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  const options = { backend, wasmPath: `${__dirname}/` };
  return directory ? startTfjs({ ...options, read: readFrom(directory) }) : startGraphs(options);
});
