import assert from "node:assert/strict";
import { test } from "node:test";

import { type Listed, twinsOf } from "../../../dlconv/web/demo/src/artifacts.ts";

const chosen: Listed = {
  url: "artifacts/sample/tfjs/",
  model: "sample",
  title: "tfjs float32",
  target: "tfjs",
  bytes: 1,
  crop: [129, 129],
  colours: [],
  check: { photo: "check.png", labels: "check.labels" },
};
const twin: Listed = { ...chosen, title: "litert float32", target: "litert" };

test("a twin is for LiteRT, of the same network, size and choices", () => {
  const sized: Listed = { ...twin, title: "litert float32 129x129" };
  const others: Listed[] = [
    { ...twin, title: "litert float16" },
    { ...twin, title: "litert float32 scores" },
    { ...twin, model: "other" },
    { ...twin, title: "litert float32 65x65", crop: [65, 65] },
    { ...twin, title: "onnx float32", target: "onnx" },
    { ...twin, check: null },
  ];
  assert.deepEqual(twinsOf([chosen, twin, sized, ...others], chosen), [twin, sized]);
  assert.deepEqual(twinsOf([chosen, twin], twin), []);
});
