// Shrinks and enlarges photos to the very pixels that Pillow's Lanczos filter gives, with which
// dlconv verify shows photos to artifacts: browsers have filters of their own, each another one.
//
// As in Pillow 13, rows are resized before columns unless the height shrinks far more than the width,
// what lies between is rounded to 8 bits, and weights are fixed-point numbers of 22 bits.

import type { Size } from "./framing.ts";

const LOBES = 3;
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);

/** What each value of a line is made of: `count` values from `first` on, weighted. */
interface Weights {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** Those of a value begin at its index times `most`. */
  readonly values: Int32Array;
  readonly most: number;
}

/** Resizes photos of one size to another; keeps its weights and what lies between the passes. */
export class Resizer {
  readonly #from: Size;
  readonly #to: Size;
  readonly #across: Weights;
  readonly #down: Weights;
  readonly #isRowsFirst: boolean;
  readonly #between: Uint8ClampedArray;

  constructor(from: Size, to: Size) {
    this.#from = { width: from.width, height: from.height };
    this.#to = { width: to.width, height: to.height };
    this.#across = weightsOf(from.width, to.width);
    this.#down = weightsOf(from.height, to.height);
    const [narrower, lower] = [from.width - to.width, from.height - to.height];
    this.#isRowsFirst = lower <= Math.max(0, 2 * narrower);
    const pixels = this.#isRowsFirst ? to.width * from.height : from.width * to.height;
    this.#between = new Uint8ClampedArray(pixels * 4);
  }

  fits(from: Size, to: Size): boolean {
    return isSame(from, this.#from) && isSame(to, this.#to);
  }

  /** RGBA, row by row, of RGBA; the result is opaque. */
  resize(rgba: Uint8ClampedArray): Uint8ClampedArray<ArrayBuffer> {
    const found = new Uint8ClampedArray(this.#to.width * this.#to.height * 4).fill(255);
    if (this.#isRowsFirst) {
      resizeRows(rgba, this.#from.width, this.#between, this.#across);
      resizeColumns(this.#between, this.#to.width, found, this.#down);
    } else {
      resizeColumns(rgba, this.#from.width, this.#between, this.#down);
      resizeRows(this.#between, this.#from.width, found, this.#across);
    }
    return found;
  }
}

/** Resize each row of RGBA, of a width; alpha is left as it is. */
function resizeRows(
  rgba: Uint8ClampedArray,
  width: number,
  into: Uint8ClampedArray,
  weights: Weights,
): void {
  const step = weights.first.length * 4;
  for (let from = 0, to = 0; to < into.length; from += width * 4, to += step) {
    resizeRow(rgba, from, into, to, weights);
  }
}

function resizeRow(
  rgba: Uint8ClampedArray,
  start: number,
  into: Uint8ClampedArray,
  target: number,
  { first, count, values, most }: Weights,
): void {
  for (let column = 0, to = target; column < first.length; column++, to += 4) {
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    let from = start + first[column]! * 4;
    const end = column * most + count[column]!;
    for (let at = column * most; at < end; at++, from += 4) {
      const weight = values[at]!;
      red = (red + rgba[from]! * weight) | 0;
      green = (green + rgba[from + 1]! * weight) | 0;
      blue = (blue + rgba[from + 2]! * weight) | 0;
    }
    into[to] = red >> PRECISION_BITS;
    into[to + 1] = green >> PRECISION_BITS;
    into[to + 2] = blue >> PRECISION_BITS;
  }
}

/** Resize each column of RGBA, of a width; alpha is left as it is. */
function resizeColumns(
  rgba: Uint8ClampedArray,
  width: number,
  into: Uint8ClampedArray,
  { first, count, values, most }: Weights,
): void {
  const sums = new Int32Array(width * 4);
  for (let row = 0; row < first.length; row++) {
    sums.fill(HALF);
    for (let tap = 0; tap < count[row]!; tap++) {
      const from = (first[row]! + tap) * sums.length;
      addWeighted(sums, rgba, from, values[row * most + tap]!);
    }
    putColours(sums, into, row * sums.length);
  }
}

function addWeighted(
  sums: Int32Array,
  rgba: Uint8ClampedArray,
  from: number,
  weight: number,
): void {
  for (let at = 0; at < sums.length; at++) {
    sums[at] = (sums[at]! + rgba[from + at]! * weight) | 0;
  }
}

function putColours(sums: Int32Array, into: Uint8ClampedArray, to: number): void {
  for (let at = 0; at < sums.length; at += 4) {
    into[to + at] = sums[at]! >> PRECISION_BITS;
    into[to + at + 1] = sums[at + 1]! >> PRECISION_BITS;
    into[to + at + 2] = sums[at + 2]! >> PRECISION_BITS;
  }
}

function weightsOf(from: number, to: number): Weights {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = LOBES * stretch;
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const values = new Int32Array(to * most);
  for (let at = 0; at < to; at++) {
    const centre = (at + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const weights = Array.from({ length: end - start }, (_, tap) =>
      lanczos((tap + start - centre + 0.5) * (1 / stretch)),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    first[at] = start;
    count[at] = end - start;
    values.set(
      weights.map((weight) => fixedPoint(weight / sum)),
      at * most,
    );
  }
  return { first, count, values, most };
}

function lanczos(x: number): number {
  return x >= -LOBES && x < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

function fixedPoint(weight: number): number {
  return Math.trunc(weight * (1 << PRECISION_BITS) + (weight < 0 ? -0.5 : 0.5));
}

function isSame(one: Size, other: Size): boolean {
  return one.width === other.width && one.height === other.height;
}
