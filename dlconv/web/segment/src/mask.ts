// From labels to a mask: which pixels are kept, and how it is steadied over time.

import type { Labels } from "./framing.ts";

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/** What is drawn of labels; classes are indices. */
export interface MaskStyle {
  readonly kept: ReadonlySet<number>;
  /** Of the classes, for a class map; null for a white mask. */
  readonly colours: readonly Colour[] | null;
  /** Whether the border follows the picture's edges. */
  readonly follow: boolean;
  /** Whether it is mixed with the masks of the same sequence before. */
  readonly steady: boolean;
  readonly sequence: number;
}

/** How much of the mask is the newest one's; the rest is that of the frames before. */
export const NEWEST_SHARE = 0.6;
/** Without this the last hundredths of what has left the frame would never go. */
export const LEAST_CHANGE = 8;
/** Of red, green and blue in the brightness. */
export const LUMA = [0.299, 0.587, 0.114] as const;

/** Whether each class is kept, from 0 to 255 as alpha. */
export function alphaOf(labels: Labels, kept: ReadonlySet<number>): Uint8ClampedArray {
  const alpha = new Uint8ClampedArray(labels.length);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    if (kept.has(labels[pixel]!)) alpha[pixel] = 255;
  }
  return alpha;
}

/** RGBA of each class, 0 to 255; what is not drawn is transparent. */
export function paletteOf({ kept, colours }: MaskStyle, classes: number): number[][] {
  return Array.from({ length: classes }, (_, index) => {
    const colour = colours ? colours[index] : [255, 255, 255];
    return [...(colour ?? [0, 0, 0]), colour && kept.has(index) ? 255 : 0];
  });
}

/** The newest alpha, mixed with the one before where there is one of its size. */
export function steadied(
  newest: Uint8ClampedArray,
  before: Uint8ClampedArray | null,
): Uint8ClampedArray {
  if (before?.length !== newest.length) return newest;
  return newest.map((value, pixel) => {
    const mixed = value * NEWEST_SHARE + before[pixel]! * (1 - NEWEST_SHARE);
    return Math.abs(mixed - value) < LEAST_CHANGE ? value : mixed;
  });
}

/** The brightness of RGBA pixels, 0 to 255. */
export function brightnessOf(rgba: Uint8ClampedArray): Uint8Array {
  const found = new Uint8Array(rgba.length / 4);
  for (let pixel = 0, at = 0; pixel < found.length; pixel++, at += 4) {
    found[pixel] = LUMA[0] * rgba[at]! + LUMA[1] * rgba[at + 1]! + LUMA[2] * rgba[at + 2]!;
  }
  return found;
}
