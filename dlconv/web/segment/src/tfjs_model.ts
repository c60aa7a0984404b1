// A TF.js graph model, loaded strictly, on a backend that is already registered.

import { getThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { type GraphModel, loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";

import { BackendError } from "./errors.ts";
import type { Read } from "./files.ts";
import { readGraphModel } from "./graph_model_files.ts";
import { nameOf } from "./webgpu_device.ts";

/** Start a backend. Throws BackendError where that is not possible. */
export async function startBackend(backend: string, wasmPath: string): Promise<void> {
  setWasmPaths(wasmPath);
  const started = await tf.setBackend(backend).catch((error: Error) => {
    throw new BackendError(`TF.js cannot start its ${backend} backend: ${error.message}`);
  });
  if (!started) throw new BackendError(`TF.js cannot start its ${backend} backend`);
  await tf.ready();
}

export async function loadModel(read: Read): Promise<GraphModel> {
  const artifacts = await readGraphModel(read);
  return loadGraphModel({ load: async () => artifacts });
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
