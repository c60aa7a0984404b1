// The mask of mask.ts and guided_filter.ts as tensors, for GPUs: [height, width, channels], 0 to 1.

import * as tf from "@tensorflow/tfjs-core";

import type { Size } from "./framing.ts";
import { LEAST_VARIANCE, radiusOf, STEEPNESS } from "./guided_filter.ts";
import { LEAST_CHANGE, LUMA, type MaskStyle, NEWEST_SHARE, paletteOf } from "./mask.ts";

/** Masks of one frame after another. */
export class TensorMask {
  readonly #classes: number;
  /** The last alpha, and what it is of. */
  #before: tf.Tensor3D | null = null;
  #sequence = 0;

  constructor(classes: number) {
    this.#classes = classes;
  }

  /** RGBA of labels, [1, height, width], of a photo, [1, height, width, 3] of 0 to 255. */
  next(labels: tf.Tensor3D, photo: tf.Tensor4D, style: MaskStyle): tf.Tensor3D {
    const [rgba, alpha] = tf.tidy(() => {
      const palette = tf.div(tf.tensor2d(paletteOf(style, this.#classes)), 255);
      const own = tf.gather(palette, tf.squeeze(labels, [0])) as tf.Tensor3D;
      const [rgb, plain] = tf.split(own, [3, 1], 2) as [tf.Tensor3D, tf.Tensor3D];
      const newest = style.follow ? guided(plain, brightnessOf(photo)) : plain;
      const steady = style.steady ? this.#steadied(newest, style.sequence) : newest;
      return [tf.concat([rgb, steady], 2), tf.clone(steady)];
    });
    this.#before?.dispose();
    this.#before = tf.keep(alpha!);
    this.#sequence = style.sequence;
    return rgba!;
  }

  dispose(): void {
    this.#before?.dispose();
    this.#before = null;
  }

  #steadied(newest: tf.Tensor3D, sequence: number): tf.Tensor3D {
    const before = this.#before;
    const follows = sequence === this.#sequence && before?.shape.join() === newest.shape.join();
    if (!before || !follows) return newest;
    const mixed = tf.add<tf.Tensor3D>(
      tf.mul(newest, NEWEST_SHARE),
      tf.mul(before, 1 - NEWEST_SHARE),
    );
    const isSettled = tf.less(tf.abs(tf.sub(mixed, newest)), LEAST_CHANGE / 255);
    return tf.where(isSettled, newest, mixed);
  }
}

/** The photo's part of what has a value, or several, for each pixel of a frame. */
export function cutOut<T extends tf.Tensor>(frame: T, { width, height }: Size): T {
  return tf.slice(frame, [0, 0, 0], [1, height, width]);
}

function brightnessOf(photo: tf.Tensor4D): tf.Tensor3D {
  const weights = LUMA.map((weight) => weight / 255);
  return tf.squeeze(tf.sum(tf.mul(photo, weights), 3, true), [0]);
}

function guided(mask: tf.Tensor3D, guide: tf.Tensor3D): tf.Tensor3D {
  const [height, width] = mask.shape;
  const radius = radiusOf({ width, height });
  const known = tf.concat(
    [mask, guide, tf.mul<tf.Tensor3D>(guide, guide), tf.mul<tf.Tensor3D>(guide, mask)],
    2,
  );
  const [meanMask, meanGuide, meanSquare, meanProduct] = boxMeans(known, radius);
  const variance = tf.sub(meanSquare!, tf.mul(meanGuide!, meanGuide!));
  const covariance = tf.sub<tf.Tensor3D>(meanProduct!, tf.mul(meanGuide!, meanMask!));
  const slope = tf.div<tf.Tensor3D>(covariance, tf.add(variance, LEAST_VARIANCE));
  const offset = tf.sub<tf.Tensor3D>(meanMask!, tf.mul(slope, meanGuide!));
  const [meanSlope, meanOffset] = boxMeans(tf.concat([slope, offset], 2), radius);
  const value = tf.add(tf.mul(meanSlope!, guide), meanOffset!);
  return tf.clipByValue(tf.add(tf.mul(tf.sub(value, 0.5), STEEPNESS), 0.5), 0, 1);
}

/** The mean of a window around each pixel, cut off at the borders; of each channel. */
function boxMeans(values: tf.Tensor3D, radius: number): tf.Tensor3D[] {
  const side = 2 * radius + 1;
  const means = tf.avgPool(tf.avgPool(values, [side, 1], 1, "same"), [1, side], 1, "same");
  return tf.split(means, values.shape[2], 2);
}
