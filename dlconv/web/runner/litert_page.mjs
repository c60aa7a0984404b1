// The page behind the runtime `litert-web`.

import { startLitert } from "./litert_session.mjs";
import { offer, readArtifact } from "./page.mjs";

offer(async ({ entry, backend }) => startLitert({
  wasmPath: new URL(".", location.href).href,
  backend,
  threads: navigator.hardwareConcurrency,
  file: await readArtifact(entry),
}));
