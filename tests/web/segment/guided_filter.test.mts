import assert from "node:assert/strict";
import { test } from "node:test";

import { guided } from "../../../dlconv/web/segment/src/guided_filter.ts";

const SIZE = { width: 240, height: 20 };

/** A picture of two halves, left of a column and right of it. */
function halves(column: number, left: number, right: number): number[] {
  const line = Array.from({ length: SIZE.width }, (_, x) => (x < column ? left : right));
  return Array.from({ length: SIZE.height }, () => line).flat();
}

const border = (alpha: Uint8ClampedArray) => {
  const line = alpha.subarray(10 * SIZE.width, 11 * SIZE.width);
  return line.findIndex((value) => value > 127);
};

test("a border beside an edge of the picture moves to it", () => {
  const mask = new Uint8ClampedArray(halves(119, 0, 255));
  const picture = new Uint8Array(halves(120, 40, 200));
  assert.equal(border(guided(mask, picture, SIZE)), 120);
});

test("where nothing is to be seen a mask stays where it is", () => {
  const mask = new Uint8ClampedArray(halves(119, 0, 255));
  const found = guided(mask, new Uint8Array(halves(0, 90, 90)), SIZE);
  assert.equal(border(found), 119);
  assert.equal(found[0], 0);
  assert.equal(found.at(-1), 255);
});

test("all and nothing stay all and nothing, up to the picture's border", () => {
  const picture = new Uint8Array(halves(120, 40, 200));
  for (const value of [0, 255]) {
    const mask = new Uint8ClampedArray(halves(0, value, value));
    assert.deepEqual(guided(mask, picture, SIZE), mask);
  }
});
