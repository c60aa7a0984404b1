// The page behind the runtime `ort-web`.

import * as wasm from "onnxruntime-web/wasm";
import * as webgpu from "onnxruntime-web/webgpu";

import { openDevice } from "../segment/src/webgpu_device.ts";
import { startOrt } from "./ort_session.mjs";
import { offer, readArtifact } from "./page.mjs";

const MODULES = { wasm, webgpu };

offer(async ({ entry, backend, threads }) => startOrt({
  ort: MODULES[backend],
  wasmPaths: new URL(".", location.href).href,
  threads: threads ?? (crossOriginIsolated ? navigator.hardwareConcurrency : 1),
  file: await readArtifact(entry),
  device: backend === "webgpu" ? await openDevice() : undefined,
}));
