// How the wasm of LiteRT.js starts: in the bundles this stands in for @litertjs/wasm-utils, which adds
// a script to the page. In a worker that is a module there is no such way, and a Content-Security-Policy
// may forbid it, so here the script is a part of the bundle, loaded when it is used.

import type { WasmConstructor } from "@litertjs/wasm-utils";

/** Settings of Emscripten's modules. */
interface Settings {
  locateFile(name: string): string;
  printErr(line: string): void;
}

// For browsers with relaxed SIMD, and for those without.
const BUILDS = {
  litert_wasm_internal: () => import("@litertjs/core/wasm/litert_wasm_internal.js"),
  litert_wasm_compat_internal: () => import("@litertjs/core/wasm/litert_wasm_compat_internal.js"),
};

export type BuildName = keyof typeof BUILDS;

let locate = (name: string) => name;

/** Say where the builds find their files when they start. */
export function locateLitert(urlOf: (name: string) => string): void {
  locate = urlOf;
}

/** What LiteRT.js calls, with its class and the name of the build's script. */
export async function createWasmLib<T>(Library: WasmConstructor<T>, script: string): Promise<T> {
  const name = script.replace(/\.js$/, "") as BuildName;
  const { default: build } = await BUILDS[name]();
  const settings: Settings = { locateFile: locate, printErr: complain };
  return new Library(await build(settings));
}

/** It also tells of each accelerator that it starts, or has not. */
function complain(line: string): void {
  if (!/^(INFO|WARNING): /.test(line)) console.error(line);
}
