// Writes the npm package @dlconv/segment into a new folder:  node pack.mjs FOLDER
//
// It is one module with its parts and wasm files, which needs nothing else, and its types.

import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { copyFile } from "node:fs/promises";
import path from "node:path";

import { copyWasm, here, IN_PARTS, writeLicences } from "./bundling.mjs";

const folder = path.resolve(process.argv[2]);
const dist = path.join(folder, "dist");

const { metafile } = await build({
  ...IN_PARTS,
  outdir: dist,
  entryPoints: ["segment/src/index.ts"],
});
await copyWasm(dist);
await writeLicences(Object.keys(metafile.inputs), folder);
for (const file of ["package.json", "README.md"]) {
  await copyFile(path.join(here, "segment", file), path.join(folder, file));
}
await copyFile(path.join(here, "../../LICENSE"), path.join(folder, "LICENSE"));
const tsc = ["node_modules/typescript/bin/tsc", "-p", "segment"];
const options = ["--outDir", path.join(folder, "types")];
execFileSync(process.execPath, [...tsc, ...options], { cwd: here, stdio: "inherit" });
