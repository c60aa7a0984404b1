// TF.js's WebGPU backend, whose tensors are drawn on a canvas of the same device.

import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import "@tensorflow/tfjs-backend-webgpu";
import * as tf from "@tensorflow/tfjs-core";

import type { Gpu } from "./gpu.ts";
import { Loss } from "./loss.ts";

export async function prepareWebgpu(): Promise<() => Gpu> {
  return () => gpuOf((tf.backend() as WebGPUBackend).device);
}

function gpuOf(device: GPUDevice): Gpu {
  const loss = new Loss();
  void device.lost.then(({ message }) => loss.tell(message));
  const canvas = typeof OffscreenCanvas === "undefined" ? null : new OffscreenCanvas(1, 1);

  function draw(rgba: tf.Tensor3D): ImageBitmap {
    // TF.js's types do not know that any canvas will do.
    tf.browser.draw(rgba, canvas as unknown as HTMLCanvasElement);
    return canvas!.transferToImageBitmap();
  }

  return { loss, draws: canvas !== null, draw, done: () => device.queue.onSubmittedWorkDone() };
}
