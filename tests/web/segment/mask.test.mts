import assert from "node:assert/strict";
import { test } from "node:test";

import { alphaOf, paletteOf, steadied } from "../../../dlconv/web/segment/src/mask.ts";

const STYLE = { kept: new Set([1, 2]), follow: false, steady: false, sequence: 0 };

test("pixels of kept classes are opaque", () => {
  const labels = new Uint8Array([0, 1, 2, 1]);
  assert.deepEqual([...alphaOf(labels, new Set([1]))], [0, 255, 0, 255]);
});

test("the palette of a mask is white, and opaque for kept classes", () => {
  assert.deepEqual(paletteOf({ ...STYLE, colours: null }, 2), [
    [255, 255, 255, 0],
    [255, 255, 255, 255],
  ]);
});

test("the palette of a class map has the colours that are known of kept classes", () => {
  const style = {
    ...STYLE,
    colours: [
      [9, 9, 9],
      [1, 2, 3],
    ] as const,
  };
  assert.deepEqual(paletteOf(style, 3), [
    [9, 9, 9, 0],
    [1, 2, 3, 255],
    [0, 0, 0, 0],
  ]);
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
