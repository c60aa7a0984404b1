// What a backend of TF.js on a GPU gives beside its kernels.

import * as tf from "@tensorflow/tfjs-core";

import type { Loss } from "./loss.ts";
import { startBackend } from "./tfjs_model.ts";

export interface Gpu {
  readonly loss: Loss;
  /** Whether `draw` is to be had, and exact. */
  readonly draws: boolean;
  /** An image of RGBA, float32 [height, width, 4] of 0 to 1, made without reading it back. */
  draw(rgba: tf.Tensor3D): ImageBitmap;
  /** Resolves when all that was submitted is done. */
  done(): Promise<unknown>;
}

export type GpuBackend = "webgl" | "webgpu";

// The packages register their backends. What they export is called when the backend has started.
const PREPARE: Readonly<Record<GpuBackend, () => Promise<() => Gpu>>> = {
  webgl: async () => (await import("./webgl_gpu.ts")).prepareWebgl(),
  webgpu: async () => (await import("./webgpu_gpu.ts")).prepareWebgpu(),
};

const started = new Map<GpuBackend, Gpu>();

/**
 * Start a backend, or go on with it; one whose GPU was lost is started anew.
 *
 * Rejects with BackendError where that is not possible.
 */
export async function startGpu(backend: GpuBackend): Promise<Gpu> {
  const known = started.get(backend);
  if (known?.loss.isKnown) forget(backend);
  const gpuOf = known && !known.loss.isKnown ? () => known : await PREPARE[backend]();
  await startBackend(backend);
  const gpu = gpuOf();
  started.set(backend, gpu);
  return gpu;
}

/** TF.js keeps a backend for good: what is left of a lost one is replaced by how to make another. */
function forget(backend: GpuBackend): void {
  const factory = tf.findBackendFactory(backend);
  tf.removeBackend(backend);
  tf.registerBackend(backend, factory);
  started.delete(backend);
}
