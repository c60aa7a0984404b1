// Builds dist/, the package data of dlconv.web: the bundled runners for Node.js and for browsers,
// the page of `dlconv demo`, the wasm binaries of TF.js, ONNX Runtime Web and LiteRT.js, what
// operations and kernels TF.js has, and the licences of everything that went into the bundles.

import { build } from "esbuild";
import { copyFile, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import {
  COMMON, copyRunnersWasm, copyWasm, FOR_BROWSERS, here, IN_PARTS, modules, writeLicences,
} from "./bundling.mjs";
import { tfjsOperations } from "./operations.mjs";

const finished = path.join(here, "dist");
const dist = path.join(here, "dist.new");

const FOR_NODE = {
  ...COMMON,
  outdir: dist,
  platform: "node",
  target: "node20",
  mainFields: ["module", "main"],
};

async function bundleRunners() {
  const results = await Promise.all([
    // As an ES module it would fail on TF.js's dynamic require of what its HTTP loader asks for.
    build({
      ...FOR_NODE,
      entryPoints: { "tfjs-node": "runner/tfjs_node.mjs" },
      outExtension: { ".js": ".cjs" },
      external: ["node-fetch"],
      format: "cjs",
    }),
    // ONNX Runtime Web loads its wasm from where import.meta.url says.
    build({
      ...FOR_NODE,
      entryPoints: { "ort-node": "runner/ort_node.mjs" },
      outExtension: { ".js": ".mjs" },
      format: "esm",
    }),
    build({
      ...FOR_BROWSERS,
      outdir: dist,
      entryPoints: {
        "tfjs-page": "runner/tfjs_page.mjs",
        "ort-page": "runner/ort_page.mjs",
        "litert-page": "runner/litert_page.mjs",
      },
    }),
  ]);
  return results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
}

async function bundleDemo() {
  const outdir = path.join(dist, "demo");
  const { metafile } = await build({
    ...IN_PARTS,
    outdir,
    entryPoints: ["page", "worker"].map((name) => `demo/src/${name}.ts`),
  });
  await build({
    ...FOR_BROWSERS,
    outdir,
    entryPoints: { "service-worker": "demo/src/service_worker.ts" },
    format: "iife",
  });
  for (const file of ["index.html", "page.css"]) {
    await copyFile(path.join(here, "demo", file), path.join(outdir, file));
  }
  return Object.keys(metafile.inputs);
}

async function writeOperations() {
  const content = await tfjsOperations(modules);
  await writeFile(path.join(dist, "tfjs_operations.json"), `${JSON.stringify(content, null, 1)}\n`);
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const inputs = [...(await bundleRunners()), ...(await bundleDemo())];
await copyWasm(dist);
await copyRunnersWasm(dist);
await writeOperations();
await writeLicences(inputs, dist);
await rm(finished, { recursive: true, force: true });
await rename(dist, finished);
