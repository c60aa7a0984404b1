// Writes the script of the page that dlconv.bench.page measures in into a folder:
//   node bench.mjs FOLDER

import { build } from "esbuild";
import path from "node:path";

import { copyWasm, IN_PARTS } from "./bundling.mjs";

const outdir = path.resolve(process.argv[2]);

await build({ ...IN_PARTS, outdir, entryPoints: ["bench/src/page.ts"] });
await copyWasm(outdir);
