// Moves the border of a mask to the edges of the picture: the guided filter (He, Sun, Tang 2010).
//
// In each window the mask is taken for a linear function of the picture's brightness, so that it
// changes where the brightness does, and stays as it is where nothing is to be seen.

import type { Size } from "./framing.ts";

/** The side of a window is twice this share of the longest side, and one pixel. */
const RADIUS_SHARE = 1 / 80;
/** The variance of brightness, 0 to 1, below which there is no edge. */
export const LEAST_VARIANCE = 1e-3;
/** How much narrower the border becomes than the windows make it. */
export const STEEPNESS = 2.5;

/** `alpha` and `brightness` are 0 to 255, of the same size; so is the result. */
export function guided(
  alpha: Uint8ClampedArray,
  brightness: Uint8Array,
  size: Size,
): Uint8ClampedArray {
  const radius = radiusOf(size);
  const mean = (values: Float32Array) => boxMean(values, size, radius);
  const mask = Float32Array.from(alpha, (value) => value / 255);
  const guide = Float32Array.from(brightness, (value) => value / 255);
  const meanMask = mean(mask);
  const meanGuide = mean(guide);
  const meanSquare = mean(guide.map((value) => value * value));
  const meanProduct = mean(guide.map((value, pixel) => value * mask[pixel]!));
  const slope = meanGuide.map((value, pixel) => {
    const variance = meanSquare[pixel]! - value * value;
    return (meanProduct[pixel]! - value * meanMask[pixel]!) / (variance + LEAST_VARIANCE);
  });
  const offset = meanMask.map((value, pixel) => value - slope[pixel]! * meanGuide[pixel]!);
  const meanSlope = mean(slope);
  const meanOffset = mean(offset);
  return Uint8ClampedArray.from(
    guide,
    (value, pixel) => 255 * steepened(meanSlope[pixel]! * value + meanOffset[pixel]!),
  );
}

/** How far a window reaches from its middle, in pixels. */
export function radiusOf({ width, height }: Size): number {
  return Math.max(1, Math.round(Math.max(width, height) * RADIUS_SHARE));
}

function steepened(value: number): number {
  return (value - 0.5) * STEEPNESS + 0.5;
}

function boxMean(values: Float32Array, { width, height }: Size, radius: number): Float32Array {
  const rows = new Float32Array(values.length);
  for (let row = 0; row < height; row++) slide(values, rows, row * width, 1, width, radius);
  const found = new Float32Array(values.length);
  for (let column = 0; column < width; column++) slide(rows, found, column, width, height, radius);
  return found;
}

/** The mean of a window that slides along a line, cut off at its ends. */
function slide(
  from: Float32Array,
  to: Float32Array,
  start: number,
  step: number,
  count: number,
  radius: number,
): void {
  let sum = 0;
  let inside = 0;
  for (let at = 0; at < Math.min(radius, count); at++, inside++) sum += from[start + at * step]!;
  for (let at = 0; at < count; at++) {
    if (at + radius < count) {
      sum += from[start + (at + radius) * step]!;
      inside += 1;
    }
    if (at - radius - 1 >= 0) {
      sum -= from[start + (at - radius - 1) * step]!;
      inside -= 1;
    }
    to[start + at * step] = sum / inside;
  }
}
