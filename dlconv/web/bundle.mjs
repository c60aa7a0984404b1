// Builds dist/, the package data of dlconv.web: the bundled runners for Node.js and for browsers,
// the page of `dlconv demo`, the wasm binaries of TF.js and ONNX Runtime Web, the list of operations
// TF.js knows, and the licences of everything that went into the bundles.

import { build } from "esbuild";
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const modules = path.join(here, "node_modules");
const finished = path.join(here, "dist");
const dist = path.join(here, "dist.new");

const COMMON = {
  absWorkingDir: here,
  outdir: dist,
  bundle: true,
  minify: true,
  legalComments: "none",
  metafile: true,
};

const FOR_NODE = { ...COMMON, platform: "node", target: "node20", mainFields: ["module", "main"] };

// ONNX Runtime Web loads its wasm from the folder it is told, not out of the bundle.
const FOR_BROWSERS = {
  ...COMMON,
  format: "esm",
  platform: "browser",
  target: "es2022",
  conditions: ["onnxruntime-web-use-extern-wasm"],
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
      entryPoints: { "tfjs-page": "runner/tfjs_page.mjs", "ort-page": "runner/ort_page.mjs" },
    }),
  ]);
  return results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
}

// What a backend needs lies in files of their own, which are only loaded with it.
async function bundleDemo() {
  const { metafile } = await build({
    ...FOR_BROWSERS,
    outdir: path.join(dist, "demo"),
    entryPoints: ["page", "worker"].map((name) => `demo/src/${name}.ts`),
    splitting: true,
    chunkNames: "part-[hash]",
  });
  for (const file of ["index.html", "page.css"]) {
    await copyFile(path.join(here, "demo", file), path.join(dist, "demo", file));
  }
  return Object.keys(metafile.inputs);
}

const WASM_FILES = {
  "@tensorflow/tfjs-backend-wasm": [
    "tfjs-backend-wasm.wasm",
    "tfjs-backend-wasm-simd.wasm",
    "tfjs-backend-wasm-threaded-simd.wasm",
  ],
  "onnxruntime-web": ["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"],
};

async function copyWasm() {
  for (const [name, files] of Object.entries(WASM_FILES)) {
    for (const file of files) {
      await copyFile(path.join(modules, name, "dist", file), path.join(dist, file));
    }
  }
}

async function writeOperations() {
  const folder = path.join(modules, "@tensorflow/tfjs-converter/dist/operations/op_list");
  const names = new Set();
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".js"))) {
    const { json } = await import(pathToFileURL(path.join(folder, file)));
    for (const { tfOpName } of json) names.add(tfOpName);
  }
  const { version } = await packageOf("@tensorflow/tfjs-converter");
  const content = { tfjs: version, operations: [...names].sort() };
  await writeFile(path.join(dist, "tfjs_operations.json"), `${JSON.stringify(content, null, 1)}\n`);
}

async function packageOf(name) {
  return JSON.parse(await readFile(path.join(modules, name, "package.json"), "utf8"));
}

function packageNames(inputs) {
  const names = inputs.map((input) => input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]);
  return [...new Set(names.filter(Boolean))].sort();
}

async function licenceText(name) {
  const files = await readdir(path.join(modules, name));
  const file = files.find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  if (file) return readFile(path.join(modules, name, file), "utf8");
  const readme = files.find((entry) => /^readme/i.test(entry));
  const text = readme ? await readFile(path.join(modules, name, readme), "utf8") : "";
  return text.match(/^(?:#+ *)?licen[cs]e\b[^]*/im)?.[0] ?? null;
}

async function standardText(name, license) {
  if (license !== "Apache-2.0") throw new Error(`${name} (${license}) carries no licence text`);
  return "The package carries no copy of its licence; it is the Apache License 2.0, the same text as\n" +
    "dlconv's own LICENSE.";
}

async function writeLicences(inputs) {
  const sections = [];
  for (const name of packageNames(inputs)) {
    const { version, license } = await packageOf(name);
    const text = (await licenceText(name)) ?? (await standardText(name, license));
    sections.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  if (sections.length === 0) throw new Error("no third-party package found in the bundle");
  await writeFile(path.join(dist, "THIRD_PARTY_LICENSES.txt"), sections.join(`\n${"-".repeat(79)}\n\n`));
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const inputs = [...(await bundleRunners()), ...(await bundleDemo())];
await copyWasm();
await writeOperations();
await writeLicences(inputs);
await rm(finished, { recursive: true, force: true });
await rename(dist, finished);
