import assert from "node:assert/strict";
import { test } from "node:test";

import {
  agreement,
  areWrong,
  fastest,
  type Trial,
} from "../../../dlconv/web/demo/src/self_check.ts";

const artifact: Trial["artifact"] = {
  url: "artifacts/sample/",
  model: "sample",
  title: "tfjs float32",
  target: "tfjs",
  bytes: 1,
  crop: [129, 129],
  colours: [],
  check: null,
};
const trial = (backend: Trial["backend"], milliseconds: number, agreement: number): Trial => ({
  artifact,
  backend,
  milliseconds,
  agreement,
  failure: null,
});

test("agreement is the share of the same labels, none at another size", () => {
  assert.equal(agreement([1, 2, 3, 4], [1, 2, 3, 0]), 0.75);
  assert.equal(agreement([1, 2], [1, 2, 3]), 0);
});

test("the fastest wins, but not with wrong labels", () => {
  const trials = [trial("wasm", 160, 1), trial("webgl", 20, 0.995), trial("webgpu", 5, 0.4)];
  assert.equal(fastest(trials)?.backend, "webgl");
  assert.equal(fastest([trial("webgl", 20, 0)]), null);
});

test("of equals the safest wins, which is the first", () => {
  assert.equal(fastest([trial("wasm", 20, 1), trial("webgl", 20, 1)])?.backend, "wasm");
});

test("labels are wrong where some are and none are right, not where none came in time", () => {
  const wrong = { ...trial("webgl", 20, 0.4), failure: "wrong labels" };
  const late = { ...trial("wasm", 0, 0), failure: "it takes too long" };
  assert.equal(areWrong([late, wrong]), true);
  assert.equal(areWrong([late]), false);
  assert.equal(areWrong([trial("wasm", 20, 1), wrong]), false);
});
