// From labels to what is drawn: which pixels are kept, the class map, how steady it is over time.

import type { Labels } from "@dlconv/segment";

export type Colour = readonly [number, number, number];

/** How much of the mask is the newest one's; the rest is that of the frames before. */
const NEWEST_SHARE = 0.6;

/** Whether each class is kept, from 0 to 255 as alpha. */
export function alphaOf(labels: Labels, kept: ReadonlySet<number>): Uint8ClampedArray {
  const alpha = new Uint8ClampedArray(labels.length);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    if (kept.has(labels[pixel]!)) alpha[pixel] = 255;
  }
  return alpha;
}

/** The newest alpha, mixed with the one before where there is one of its size. */
export function steadied(
  newest: Uint8ClampedArray,
  before: Uint8ClampedArray | null,
): Uint8ClampedArray {
  if (before?.length !== newest.length) return newest;
  return newest.map((value, pixel) => {
    const mixed = value * NEWEST_SHARE + before[pixel]! * (1 - NEWEST_SHARE);
    // Without this the last hundredths of what has left the frame would never go.
    return Math.abs(mixed - value) < 8 ? value : mixed;
  });
}

/** The brightness of RGBA pixels, 0 to 255. */
export function brightnessOf(rgba: Uint8ClampedArray): Uint8Array {
  const found = new Uint8Array(rgba.length / 4);
  for (let pixel = 0, at = 0; pixel < found.length; pixel++, at += 4) {
    found[pixel] = 0.299 * rgba[at]! + 0.587 * rgba[at + 1]! + 0.114 * rgba[at + 2]!;
  }
  return found;
}

/** White with an alpha, as RGBA. */
export function maskPixels(alpha: Uint8ClampedArray): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(alpha.length * 4).fill(255);
  for (let pixel = 0; pixel < alpha.length; pixel++) rgba[pixel * 4 + 3] = alpha[pixel]!;
  return rgba;
}

/** The colours of the kept classes, as RGBA; others are transparent. */
export function mapPixels(
  labels: Labels,
  kept: ReadonlySet<number>,
  colours: readonly Colour[],
): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(labels.length * 4);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = labels[pixel]!;
    const colour = colours[label];
    if (colour && kept.has(label)) rgba.set([...colour, 255], pixel * 4);
  }
  return rgba;
}

/** The share of the pixels that each class has, 0 to 1. */
export function sharesOf(labels: Labels, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts.map((count) => count / labels.length);
}

/** What is kept at first: persons where the model knows them, else all but the background. */
export function keptAtFirst(classes: readonly string[]): Set<number> {
  const person = classes.indexOf("person");
  if (person >= 0) return new Set([person]);
  return new Set([...classes.keys()].filter((index) => classes[index] !== "background"));
}
