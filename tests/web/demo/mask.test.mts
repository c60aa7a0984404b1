import assert from "node:assert/strict";
import { test } from "node:test";

import {
  byShare,
  keptAtFirst,
  mapPixels,
  maskPixels,
  sharesOf,
} from "../../../dlconv/web/demo/src/mask.ts";

const LABELS = new Uint8Array([0, 1, 2, 1]);

test("a mask is white", () => {
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

test("shares of classes, of those that are absent, too", () => {
  assert.deepEqual(sharesOf(LABELS, 4), [0.25, 0.5, 0.25, 0]);
});

test("classes are sorted by their shares, and those without as they were", () => {
  assert.deepEqual(byShare([3, 0, 1, 2], [0.1, 0, 0.9]), [2, 0, 3, 1]);
});

test("persons are kept at first, or all but the background", () => {
  assert.deepEqual([...keptAtFirst(["background", "cat", "person"])], [2]);
  assert.deepEqual([...keptAtFirst(["background", "disc", "ring"])], [1, 2]);
  assert.deepEqual([...keptAtFirst(["class 0", "class 1", "class 2"])], [1, 2]);
});
