// How a page of the first TF.js articles did it, on the same artifact: it takes the frame's pixels
// as a tensor, resizes them to the input, runs the model, and makes the picture pixel by pixel. It
// wants the labels and the input for the picture's foreground, and again for its background, and
// reads both back from the backend each time, while the page waits.

import { loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import { keptAtFirst } from "../../demo/src/mask.ts";
import { readManifest } from "../../segment/src/manifest.ts";
import { describeBackend, locateWasm, startBackend } from "../../segment/src/tfjs_model.ts";
import type { Remover } from "./remover.ts";

const MAGENTA = [255, 0, 255] as const;

export async function openArticle(artifact: string): Promise<Remover> {
  locateWasm((name) => new URL(name, document.baseURI).href);
  await startBackend("wasm");
  const manifest = readManifest(await (await fetch(`${artifact}manifest.json`)).text());
  const model = await loadGraphModel(`${artifact}model.json`);
  const { width, height } = manifest.crop;
  const kept = keptAtFirst(manifest.classes);
  const { dtype } = model.inputs[0]!;
  const small = Object.assign(document.createElement("canvas"), { width, height });

  function inputOf(frame: HTMLCanvasElement): tf.Tensor {
    return tf.tidy(() => {
      const pixels = tf.browser.fromPixels(frame);
      const resized = tf.image.resizeBilinear(pixels, [height, width]);
      return tf.expandDims(tf.cast(tf.cast(resized, "int32"), dtype), 0);
    });
  }

  /** RGBA of what is kept, or of what is not. */
  function layer(input: tf.Tensor, output: tf.Tensor, isForeground: boolean): ImageData {
    const image = new ImageData(width, height);
    const pixels = input.dataSync();
    const labels = output.dataSync();
    for (let pixel = 0; pixel < labels.length; pixel++) {
      if (kept.has(labels[pixel]!) !== isForeground) continue;
      const colour = isForeground ? pixels.subarray(3 * pixel, 3 * pixel + 3) : MAGENTA;
      image.data.set(colour, 4 * pixel);
      image.data[4 * pixel + 3] = 255;
    }
    return image;
  }

  return {
    description: await describeBackend(),
    async remove(frame, result) {
      const input = inputOf(frame);
      const output = model.execute(input) as tf.Tensor;
      result.clearRect(0, 0, frame.width, frame.height);
      for (const isForeground of [true, false]) {
        small.getContext("2d")!.putImageData(layer(input, output, isForeground), 0, 0);
        result.drawImage(small, 0, 0, frame.width, frame.height);
      }
      tf.dispose([input, output]);
    },
  };
}
