import assert from "node:assert/strict";
import { test } from "node:test";

import { bestClasses, fitted, framed, unframed } from "../../../dlconv/web/segment/src/framing.ts";

const CROP = { width: 513, height: 513 };

test("a photo's longest side becomes the crop's", () => {
  assert.deepEqual(fitted({ width: 640, height: 480 }, CROP), { width: 513, height: 384 });
  assert.deepEqual(fitted({ width: 50, height: 100 }, CROP), { width: 256, height: 513 });
  assert.deepEqual(fitted({ width: 4000, height: 1 }, CROP), { width: 513, height: 1 });
});

test("what a fixed size leaves over is the mean pixel, right of the photo and below", () => {
  const photo = new Uint8ClampedArray([1, 2, 3, 255, 4, 5, 6, 255]);
  const size = { width: 2, height: 1 };
  const frame = { width: 3, height: 2 };
  const pad = [128, 128, 128];
  assert.deepEqual(
    [...framed(photo, size, frame, "uint8")],
    [1, 2, 3, 4, 5, 6, ...pad, ...pad, ...pad, ...pad],
  );
  assert.equal(framed(photo, size, frame, "float32")[6], 127.5);
});

test("labels of the padding are left out", () => {
  const labels = [1, 2, 0, 3, 4, 0, 0, 0, 0];
  const found = unframed(labels, { width: 3, height: 3 }, { width: 2, height: 2 }, 21);
  assert.deepEqual(found, new Uint8Array([1, 2, 3, 4]));
});

test("labels of ONNX, which are 64 bits wide, and of many classes become numbers", () => {
  const size = { width: 2, height: 1 };
  assert.deepEqual(unframed([1n, 20n], size, size, 21), new Uint8Array([1, 20]));
  assert.deepEqual(unframed([1, 300], size, size, 301), new Int32Array([1, 300]));
  assert.deepEqual(unframed([1, 300], size, size, 0), new Int32Array([1, 300]));
});

test("the best class has the highest score, the first of equals", () => {
  assert.deepEqual([...bestClasses([0.1, 0.7, 0.2, 5, 5, 1], 3)], [1, 0]);
});
