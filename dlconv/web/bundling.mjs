// What the bundles have in common: how esbuild makes them, the wasm files that go with them, and the
// licences of everything that went into them.

import { copyFile, readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const here = path.dirname(fileURLToPath(import.meta.url));
export const modules = path.join(here, "node_modules");

export const COMMON = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  legalComments: "none",
  metafile: true,
};

// The scripts that start LiteRT.js's wasm, as modules: as they are, they have to be loaded by a page.
const litertInside = {
  name: "litert-inside",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^@litertjs\/wasm-utils$/ }, () => ({
      path: path.join(here, "segment/src/litert_wasm.ts"),
    }));
    onLoad({ filter: /@litertjs[/\\]core[/\\]wasm[/\\]\w+\.js$/ }, async ({ path: file }) => ({
      contents: `${await readFile(file, "utf8")}\nexport default ModuleFactory;\n`,
    }));
  },
};

// ONNX Runtime Web loads its wasm from the folder it is told, not out of the bundle.
export const FOR_BROWSERS = {
  ...COMMON,
  format: "esm",
  platform: "browser",
  target: "es2022",
  conditions: ["onnxruntime-web-use-extern-wasm"],
};

// What a backend needs lies in files of their own, which are only loaded with it.
export const IN_PARTS = {
  ...FOR_BROWSERS,
  splitting: true,
  chunkNames: "part-[name]-[hash]",
  plugins: [litertInside],
  // LiteRT.js's scripts look for them only in Node.js.
  external: ["node:*"],
};

// By the folders of npm packages.
const WASM_FILES = {
  "@tensorflow/tfjs-backend-wasm/dist": [
    "tfjs-backend-wasm.wasm",
    "tfjs-backend-wasm-simd.wasm",
    "tfjs-backend-wasm-threaded-simd.wasm",
  ],
  "onnxruntime-web/dist": [
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
    // With WebGPU, for browsers with and without JavaScript Promise Integration.
    "ort-wasm-simd-threaded.asyncify.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
  ],
  "@litertjs/core/wasm": ["litert_wasm_internal.wasm", "litert_wasm_compat_internal.wasm"],
};

// What only the runners load, not the page nor @dlconv/segment.
const RUNNERS_WASM_FILES = {
  "@litertjs/core/wasm": [
    "litert_wasm_internal.js",
    "litert_wasm_threaded_internal.js",
    "litert_wasm_threaded_internal.wasm",
    // With WebGPU, by JavaScript Promise Integration.
    "litert_wasm_jspi_internal.js",
    "litert_wasm_jspi_internal.wasm",
  ],
};

export const copyWasm = (folder) => copyFrom(WASM_FILES, folder);

export const copyRunnersWasm = (folder) => copyFrom(RUNNERS_WASM_FILES, folder);

async function copyFrom(packages, folder) {
  for (const [place, files] of Object.entries(packages)) {
    for (const file of files) await copyFile(path.join(modules, place, file), path.join(folder, file));
  }
}

export async function packageOf(name) {
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

export async function writeLicences(inputs, folder) {
  const sections = [];
  for (const name of packageNames(inputs)) {
    const { version, license } = await packageOf(name);
    const text = (await licenceText(name)) ?? (await standardText(name, license));
    sections.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  if (sections.length === 0) throw new Error("no third-party package found in the bundle");
  await writeFile(path.join(folder, "THIRD_PARTY_LICENSES.txt"), sections.join(`\n${"-".repeat(79)}\n\n`));
}
