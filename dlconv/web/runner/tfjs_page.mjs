// The page behind the runtime `tfjs-chromium`.

import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";

import { offer, readArtifact } from "./page.mjs";
import { startGraphs } from "./tfjs_graphs.mjs";
import { startTfjs } from "./tfjs_session.mjs";

offer(({ backend, threads, graphs }) => {
  if (threads) setThreadsCount(threads);
  const options = { backend, wasmPath: new URL(".", location.href).href };
  return graphs ? startGraphs(options) : startTfjs({ ...options, read: readArtifact });
});
