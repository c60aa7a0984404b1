// Where the files of the runtimes are: the wasm, and the modules that ONNX Runtime loads with it.

import { BackendError } from "./errors.ts";
import { fetchBytes } from "./files.ts";

/** The URL of a file, by its name. */
export type UrlOf = (name: string) => string;

// Each is written out: so bundlers find them, copy them, and put in where to.
const BESIDE_THIS: Readonly<Record<string, URL>> = {
  "tfjs-backend-wasm.wasm": new URL("./tfjs-backend-wasm.wasm", import.meta.url),
  "tfjs-backend-wasm-simd.wasm": new URL("./tfjs-backend-wasm-simd.wasm", import.meta.url),
  "tfjs-backend-wasm-threaded-simd.wasm": new URL(
    "./tfjs-backend-wasm-threaded-simd.wasm",
    import.meta.url,
  ),
  "ort-wasm-simd-threaded.mjs": new URL("./ort-wasm-simd-threaded.mjs", import.meta.url),
  "ort-wasm-simd-threaded.wasm": new URL("./ort-wasm-simd-threaded.wasm", import.meta.url),
  "ort-wasm-simd-threaded.asyncify.mjs": new URL(
    "./ort-wasm-simd-threaded.asyncify.mjs",
    import.meta.url,
  ),
  "ort-wasm-simd-threaded.asyncify.wasm": new URL(
    "./ort-wasm-simd-threaded.asyncify.wasm",
    import.meta.url,
  ),
  "litert_wasm_internal.wasm": new URL("./litert_wasm_internal.wasm", import.meta.url),
  "litert_wasm_compat_internal.wasm": new URL(
    "./litert_wasm_compat_internal.wasm",
    import.meta.url,
  ),
};

/** The files in a folder, relative to the page or worker; by default those of this package. */
export function runtimeFiles(folder?: string | URL): UrlOf {
  if (folder === undefined) return (name) => BESIDE_THIS[name]!.href;
  const base = new URL(folder, globalThis.location?.href);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return (name) => new URL(name, base).href;
}

/** What a start resolves to; where it fails since a file is not there, rejects with BackendError. */
export function startedWith<T>(urls: readonly string[], start: Promise<T>): Promise<T> {
  return start.catch(async (error: unknown) => {
    await checkFiles(urls);
    throw error;
  });
}

async function checkFiles(urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    await fetchBytes(new URL(url)).catch(({ message }: Error) => {
      throw new BackendError(`a file of the runtime is missing (see runtimeUrl): ${message}`);
    });
  }
}
