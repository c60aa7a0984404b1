// The page behind the runtime `ort-web`.

import * as ort from "onnxruntime-web/wasm";

import { startOrt } from "./ort_session.mjs";
import { offer, readArtifact } from "./page.mjs";

offer(async ({ entry }) => startOrt({
  ort,
  wasmPaths: new URL(".", location.href).href,
  threads: crossOriginIsolated ? navigator.hardwareConcurrency : 1,
  file: await readArtifact(entry),
}));
