// A TF.js graph model, loaded strictly, on a backend that is already registered.

import { getThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { type GraphModel, loadGraphModelSync } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";

import { BackendError } from "./errors.ts";
import type { Read } from "./files.ts";
import { readGraphModel } from "./graph_model_files.ts";
import type { UrlOf } from "./runtime_files.ts";
import { nameOf } from "./webgpu_device.ts";

export const WASM_FILES = [
  "tfjs-backend-wasm.wasm",
  "tfjs-backend-wasm-simd.wasm",
  "tfjs-backend-wasm-threaded-simd.wasm",
] as const;

// TF.js takes none anymore once a start has failed, but looks into these again at the next one.
const wasmUrls: Partial<Record<(typeof WASM_FILES)[number], string>> = {};
locateWasm((name) => name);
setWasmPaths(wasmUrls);

/** Say where the wasm backend finds its files when it starts. */
export function locateWasm(urlOf: UrlOf): void {
  for (const name of WASM_FILES) wasmUrls[name] = urlOf(name);
}

/** Start a backend. Rejects with BackendError where that is not possible. */
export async function startBackend(backend: string): Promise<void> {
  const started = await tf.setBackend(backend).catch((error: Error) => {
    throw new BackendError(`TF.js cannot start its ${backend} backend: ${error.message}`);
  });
  if (!started) throw new BackendError(`TF.js cannot start its ${backend} backend`);
  await tf.ready();
}

/** Read a model's files; what it resolves to puts their weights on the current backend. */
export async function readModel(read: Read): Promise<() => GraphModel<tf.io.IOHandlerSync>> {
  const artifacts = await readGraphModel(read);
  return () => loadGraphModelSync(artifacts);
}

/** What the backend runs on. */
export async function describeBackend(): Promise<Record<string, unknown>> {
  const details = (await DESCRIBED[tf.getBackend()]?.()) ?? {};
  return { ...details, tfjs: tf.version_core, backend: tf.getBackend() };
}

const DESCRIBED: Record<string, () => Promise<Record<string, unknown>>> = {
  wasm: async () => ({
    simd: await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"),
    threads: (await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT")) ? getThreadsCount() : 1,
  }),
  webgl: async () => {
    const { gl } = (tf.backend() as unknown as { gpgpu: { gl: WebGLRenderingContext } }).gpgpu;
    const names = gl.getExtension("WEBGL_debug_renderer_info");
    return {
      renderer: gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER),
      precision: tf.env().getBool("WEBGL_RENDER_FLOAT32_ENABLED") ? "float32" : "float16",
    };
  },
  webgpu: async () => {
    const { device } = tf.backend() as unknown as { device: GPUDevice };
    return { renderer: nameOf(device), precision: "float32" };
  },
};
