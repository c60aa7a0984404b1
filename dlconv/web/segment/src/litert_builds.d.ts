// The scripts of LiteRT.js's wasm, which bundling.mjs makes modules of.

declare module "@litertjs/core/wasm/*" {
  import type { WasmModule } from "@litertjs/wasm-utils";

  /** Takes settings of Emscripten's modules. */
  export default function start(settings: object): Promise<WasmModule>;
}
