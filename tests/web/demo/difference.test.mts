import assert from "node:assert/strict";
import { test } from "node:test";

import { differenceOf } from "../../../dlconv/web/demo/src/difference.ts";

const labelled = (width: number, ...labels: number[]) => ({
  width,
  height: labels.length / width,
  labels: new Uint8Array(labels),
});

test("what differs is marked, and its share told", () => {
  const found = differenceOf(labelled(2, 0, 1, 2, 3), labelled(2, 0, 1, 2, 0));
  assert.equal(found.share, 0.25);
  assert.deepEqual([...found.pixels], [...new Array(12).fill(0), 255, 221, 0, 200]);
});

test("labels of another size are compared where they lie", () => {
  const large = labelled(4, 0, 0, 1, 1, 0, 0, 1, 1);
  assert.equal(differenceOf(large, labelled(2, 0, 1)).share, 0);
  assert.equal(differenceOf(labelled(2, 0, 1), large).share, 0);
  assert.equal(differenceOf(large, labelled(2, 1, 1)).share, 0.5);
});
