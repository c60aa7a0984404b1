// The page behind the runtime `litert-web`. With the option `graphs` it takes many small files, each
// with its inputs.

import { startLitertGraphs } from "./litert_graphs.mjs";
import { startLitert } from "./litert_session.mjs";
import { offer, readArtifact } from "./page.mjs";

offer(async ({ entry, backend, threads, graphs }) => {
  const wasmPath = new URL(".", location.href).href;
  if (graphs) return startLitertGraphs({ wasmPath });
  const file = await readArtifact(entry);
  return startLitert({ wasmPath, backend, threads: threads ?? navigator.hardwareConcurrency, file });
});
