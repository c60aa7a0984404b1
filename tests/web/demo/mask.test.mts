import assert from "node:assert/strict";
import { test } from "node:test";

import {
  alphaOf,
  keptAtFirst,
  mapPixels,
  maskPixels,
  sharesOf,
  steadied,
} from "../../../dlconv/web/demo/src/mask.ts";

const LABELS = new Uint8Array([0, 1, 2, 1]);

test("pixels of kept classes are opaque", () => {
  assert.deepEqual([...alphaOf(LABELS, new Set([1]))], [0, 255, 0, 255]);
  assert.deepEqual([...maskPixels(new Uint8ClampedArray([7]))], [255, 255, 255, 7]);
});

test("the class map has the colours of kept classes only", () => {
  const pixels = mapPixels(new Uint8Array([0, 2]), new Set([2]), [
    [9, 9, 9],
    [9, 9, 9],
    [1, 2, 3],
  ]);
  assert.deepEqual([...pixels], [0, 0, 0, 0, 1, 2, 3, 255]);
});

test("a steadied mask follows, and arrives", () => {
  const gone = new Uint8ClampedArray([0]);
  let alpha = new Uint8ClampedArray([255]);
  const seen: number[] = [];
  for (let frame = 0; frame < 6; frame++) {
    alpha = new Uint8ClampedArray(steadied(gone, alpha));
    seen.push(alpha[0]!);
  }
  assert.equal(seen[0], 102);
  assert.equal(seen.at(-1), 0);
});

test("a mask of another size starts anew", () => {
  const newest = new Uint8ClampedArray([255, 0]);
  assert.equal(steadied(newest, new Uint8ClampedArray([0])), newest);
  assert.equal(steadied(newest, null), newest);
});

test("shares of classes, of those that are absent, too", () => {
  assert.deepEqual(sharesOf(LABELS, 4), [0.25, 0.5, 0.25, 0]);
});

test("persons are kept at first, or all but the background", () => {
  assert.deepEqual([...keptAtFirst(["background", "cat", "person"])], [2]);
  assert.deepEqual([...keptAtFirst(["background", "disc", "ring"])], [1, 2]);
});
