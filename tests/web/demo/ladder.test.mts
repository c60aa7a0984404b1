import assert from "node:assert/strict";
import { test } from "node:test";

import type { Listed } from "../../../dlconv/web/demo/src/artifacts.ts";
import { ladderOf } from "../../../dlconv/web/demo/src/ladder.ts";

const listed = (model: string, title: string, side: number | null): Listed => ({
  url: `http://127.0.0.1/${model}/${title}/`,
  model,
  title,
  target: title.startsWith("onnx") ? "onnx" : "tfjs",
  bytes: 1,
  crop: side ? [side, side] : null,
  colours: [],
  check: null,
});

const LARGE = listed("mnv2", "tfjs uint8", 513);
const MIDDLE = listed("mnv2", "onnx float32 257x257", 257);
const SAME = listed("mnv2", "tfjs uint8 257x257", 257);
const SMALL = listed("mnv2", "tfjs float32 129x129", 129);
const OTHER = listed("mnv2_dm05", "tfjs uint8 257x257", 257);
const ALL = [SMALL, MIDDLE, LARGE, OTHER, SAME];

test("the sizes of the same network, the largest first, of the same kind where there is one", () => {
  assert.deepEqual(ladderOf(ALL, LARGE), [LARGE, SAME]);
  assert.deepEqual(ladderOf(ALL, OTHER), [OTHER]);
});

test("a size below half of the largest is only one of them when it was chosen", () => {
  assert.deepEqual(ladderOf(ALL, SMALL), [LARGE, MIDDLE, SMALL]);
  const wide = { ...SMALL, crop: [257, 129] as const };
  assert.deepEqual(ladderOf([LARGE, wide], LARGE), [LARGE]);
});

test("what was chosen stands for its size", () => {
  assert.deepEqual(ladderOf(ALL, MIDDLE), [LARGE, MIDDLE]);
});

test("artifacts of unknown size are left out", () => {
  const unknown = listed("mnv2", "tfjs float32", null);
  assert.deepEqual(ladderOf([...ALL, unknown], LARGE), [LARGE, SAME]);
  assert.deepEqual(ladderOf([unknown], unknown), []);
});
