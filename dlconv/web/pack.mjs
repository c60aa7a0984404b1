// Writes the npm package @dlconv/segment into a new folder:  node pack.mjs FOLDER
//
// It is one module with its parts and wasm files, which needs nothing else, and its types.

import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { copyFile, readFile } from "node:fs/promises";
import path from "node:path";

import { copyWasm, here, IN_PARTS, writeLicences } from "./bundling.mjs";

const folder = path.resolve(process.argv[2]);
const dist = path.join(folder, "dist");

// ONNX Runtime asks where its own module is, by a name that it has lost in this one. Nothing needs
// the answer, but webpack looks for the file.
const OWN_URL = /new \w+\("ort\.\w+\.min\.mjs",import\.meta\.url\)\.href/;
const withoutOwnName = {
  name: "without-own-name",
  setup({ onLoad }) {
    onLoad({ filter: /onnxruntime-web[/\\]dist[/\\]ort\.\w+\.min\.mjs$/ }, async ({ path: file }) => {
      const code = await readFile(file, "utf8");
      if (!OWN_URL.test(code)) throw new Error(`${file} does not ask where it is anymore`);
      return { contents: code.replace(OWN_URL, "import.meta.url") };
    });
  },
};

const { metafile } = await build({
  ...IN_PARTS,
  plugins: [...IN_PARTS.plugins, withoutOwnName],
  // But for spaces, and the remarks in an import() of ONNX Runtime's, which bundlers read.
  minify: false,
  minifyIdentifiers: true,
  minifySyntax: true,
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
