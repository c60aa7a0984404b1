// Where two models see different classes in the same frame.

import type { Labels, Size } from "@dlconv/segment";

interface Labelled extends Size {
  readonly labels: Labels;
}

/** RGBA of what differs. */
const MARK = [255, 221, 0, 200] as const;

export interface Difference extends Size {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** Of the pixels, 0 to 1. */
  readonly share: number;
}

/** Compare at the size of the first; the other's labels are those of the nearest pixels. */
export function differenceOf(ours: Labelled, theirs: Labelled): Difference {
  const { width, height } = ours;
  const pixels = new Uint8ClampedArray(width * height * 4);
  let count = 0;
  for (let row = 0, at = 0; row < height; row++) {
    const line = nearest(row, height, theirs.height) * theirs.width;
    for (let column = 0; column < width; column++, at++) {
      if (ours.labels[at] === theirs.labels[line + nearest(column, width, theirs.width)]) continue;
      pixels.set(MARK, at * 4);
      count += 1;
    }
  }
  return { width, height, pixels, share: count / ours.labels.length };
}

function nearest(at: number, from: number, to: number): number {
  return Math.floor(((at + 0.5) * to) / from);
}
