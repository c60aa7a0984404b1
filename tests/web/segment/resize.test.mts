import assert from "node:assert/strict";
import { test } from "node:test";

import { Resizer } from "../../../dlconv/web/segment/src/resize.ts";

const grey = (...values: number[]) =>
  new Uint8ClampedArray(values.flatMap((value) => [value, value, value, 255]));

const reds = (rgba: Uint8ClampedArray) => [...rgba].filter((_, at) => at % 4 === 0);

test("a line is shrunk and enlarged as Pillow does", () => {
  // Image.frombytes("L", (6, 1), bytes([0, 255, 10, 200, 30, 90])).resize((n, 1), LANCZOS)
  const line = grey(0, 255, 10, 200, 30, 90);
  const resized = (width: number) =>
    reds(new Resizer({ width: 6, height: 1 }, { width, height: 1 }).resize(line));
  assert.deepEqual(resized(4), [102, 130, 110, 62]);
  assert.deepEqual(resized(9), [0, 143, 242, 32, 92, 197, 54, 42, 100]);
});

test("at its own size a photo stays as it is, but opaque", () => {
  const size = { width: 2, height: 2 };
  const photo = new Uint8ClampedArray([1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 10, 255, 11, 12, 13, 255]);
  const opaque = photo.map((value, at) => (at % 4 === 3 ? 255 : value));
  assert.deepEqual(new Resizer(size, size).resize(photo), opaque);
});

test("what overshoots is cut off", () => {
  const edge = grey(0, 0, 0, 255, 255, 255);
  const found = reds(new Resizer({ width: 6, height: 1 }, { width: 12, height: 1 }).resize(edge));
  assert.deepEqual([found[4], found[7]], [0, 255]);
});

test("one serves photos of its two sizes only", () => {
  const [large, small] = [
    { width: 9, height: 6 },
    { width: 3, height: 2 },
  ];
  const resizer = new Resizer(large, small);
  assert.ok(resizer.fits({ ...large }, { ...small }));
  assert.ok(!resizer.fits(small, large));
  assert.ok(!resizer.fits(large, { width: 3, height: 3 }));
});
