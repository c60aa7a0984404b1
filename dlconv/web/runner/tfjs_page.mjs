// The page behind the runtime `tfjs-chromium`.

import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";

import { offer, readArtifact } from "./page.mjs";
import { startTfjs } from "./tfjs_session.mjs";

offer(({ backend }) => startTfjs({ backend, wasmPath: new URL(".", location.href).href, read: readArtifact }));
