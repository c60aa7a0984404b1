// Which TensorFlow ops TF.js knows, which kernels each needs, and which kernels each backend has;
// all of it read from the installed packages.
//
// - op -> functions of tfjs-core: tfjs-converter's metadata/kernel2op.json, made from its executors;
//   ops that its op lists have and this file lacks have no executor.
// - function -> kernels: those that its module in tfjs-core/dist/ops names in `runKernel`. A module
//   that names none is a composition and needs the kernels of the functions that it imports; one
//   without such imports computes in JavaScript. Kernels for complex numbers alone do not count,
//   since no graph that dlconv converts has any.
// - backend -> kernels: its registry in tfjs-core once the backend's package is imported.
// - op -> attributes -> what TF.js takes for each that a node lacks, null for nothing: its op lists,
//   and what tfjs-converter's operation_mapper makes of them. Those that it says it does not support,
//   it does not read.

import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import * as core from "@tensorflow/tfjs-core";
import { transform } from "esbuild";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

const BACKENDS = ["wasm", "webgl", "webgpu", "cpu"];

export async function tfjsOperations(modules) {
  const converter = path.join(modules, "@tensorflow/tfjs-converter");
  const { version } = JSON.parse(await readFile(path.join(converter, "package.json"), "utf8"));
  const file = path.join(converter, "metadata/kernel2op.json");
  const functions = JSON.parse(await readFile(file, "utf8"));
  const listed = await listedOps(path.join(converter, "dist/operations/op_list"));
  const known = [...listed.keys()].filter((name) => name in functions).sort();
  const kernelsOf = await kernelFinder(path.join(modules, "@tensorflow/tfjs-core/dist/ops"));
  const operations = {};
  const attributes = {};
  for (const op of known) {
    operations[op] = [...new Set(functions[op].flatMap(kernelsOf))].sort();
    const defaults = defaultsOf(listed.get(op));
    if (Object.keys(defaults).length > 0) attributes[op] = defaults;
  }
  return { tfjs: version, operations, attributes, backends: registeredKernels() };
}

async function listedOps(folder) {
  const attributes = new Map();
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".js"))) {
    const { json } = await import(pathToFileURL(path.join(folder, file)));
    for (const { tfOpName, attrs } of json) attributes.set(tfOpName, attrs ?? []);
  }
  return attributes;
}

function defaultsOf(attributes) {
  const implied = { number: 0, bool: false };
  return Object.fromEntries(attributes.filter(({ notSupported }) => !notSupported).flatMap(
    ({ tfName, tfDeprecatedName, type, defaultValue }) => {
      const value = defaultValue ?? implied[type] ?? null;
      return [tfName, tfDeprecatedName].filter(Boolean).sort().map((name) => [name, value]);
    },
  ));
}

function registeredKernels() {
  const names = (backend) => core.getKernelsForBackend(backend).map(({ kernelName }) => kernelName);
  const kernels = BACKENDS.map((backend) => [backend, names(backend).sort()]);
  const empty = kernels.find(([, registered]) => registered.length === 0);
  if (empty) throw new Error(`TF.js's backend ${empty[0]} registers no kernels`);
  return Object.fromEntries(kernels);
}

// Returns a function from the name of an op of tfjs-core, as "conv2d" or "fused.conv2d", to kernels.
async function kernelFinder(folder) {
  const entries = await readdir(folder, { recursive: true });
  const files = entries.filter((name) => name.endsWith(".js") && !name.endsWith("_test.js"));
  const read = new Map(await Promise.all(files.map((name) => readModule(path.join(folder, name)))));
  const kernelsOfModule = (file, seen = new Set()) => {
    const found = read.get(file);
    if (!found || seen.has(file)) return [];
    seen.add(file);
    if (found.kernels.length > 0) return found.kernels;
    return found.imports.flatMap((imported) => kernelsOfModule(imported, seen));
  };
  return (name) => {
    const parts = name.split(".");
    const place = path.join(folder, ...parts.slice(0, -1));
    const able = [...read.keys()].filter((file) => read.get(file).defines.includes(parts.at(-1)));
    const file = able.find((candidate) => path.dirname(candidate) === place) ?? able[0];
    if (!file) throw new Error(`tfjs-core has no function ${name}`);
    return kernelsOfModule(file);
  };
}

// As TypeScript, esbuild drops the names that nothing uses any more from imports.
async function readModule(file) {
  const source = (await readFile(file, "utf8")).replace(/[\w$.[\]]+ === 'complex64'/g, "false");
  const { code } = await transform(source, { loader: "ts", format: "esm", minifySyntax: true });
  const kernels = [...code.matchAll(/\brunKernel\(\s*"?(\w+)/g)];
  const imports = [...code.matchAll(/^import \{([^}]*)\} from "(\.[^"]*)"/gm)];
  const imported = imports.flatMap(([, names]) => names.match(/\w+(?=\s*(,|$))/g));
  const exported = code.match(/^export \{([^}]*)\};/m)?.[1].match(/\w+/g) ?? [];
  return [file, {
    kernels: kernels.map(([, constant]) => core[constant] ?? constant),
    imports: imports.map(([, , name]) => path.resolve(path.dirname(file), `${name}.js`)),
    defines: exported.filter((name) => !imported.includes(name)),
  }];
}
