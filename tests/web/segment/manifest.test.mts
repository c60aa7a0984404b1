import assert from "node:assert/strict";
import { test } from "node:test";

import { ArtifactError } from "../../../dlconv/web/segment/src/errors.ts";
import { entryOf, readManifest } from "../../../dlconv/web/segment/src/manifest.ts";

const FILE = { path: "model.json", bytes: 3, sha256: "a".repeat(64) };
const CONTRACT = {
  input: { node: "ImageTensor", dtype: "uint8", shape: [1, null, null, 3] },
  crop: [513, 257],
};
const RECIPE = { interface: { input_size: null, input_dtype: null, output: "labels" } };
const GIVEN = {
  schema: 2,
  target: "tfjs",
  precision: "uint8",
  source: { model: "mobilenetv2" },
  contract: CONTRACT,
  classes: ["background", "person"],
  recipe: RECIPE,
  files: [FILE],
};

const read = (change: object) => readManifest(JSON.stringify({ ...GIVEN, ...change }));

test("the crop is height and width", () => {
  assert.deepEqual(read({}).crop, { height: 513, width: 257 });
  assert.equal(read({}).fixed, null);
});

test("classes without names are numbered", () => {
  const { classes } = read({ classes: [], contract: { ...CONTRACT, classes: 2 } });
  assert.deepEqual(classes, ["class 0", "class 1"]);
});

test("an artifact of a fixed size has that as its crop", () => {
  const input = { ...CONTRACT.input, shape: [1, 257, 129, 3] };
  const { crop, fixed } = read({ contract: { ...CONTRACT, input } });
  assert.deepEqual(crop, { height: 257, width: 129 });
  assert.deepEqual(fixed, crop);
});

test("the entry is model.json, or the ONNX or .tflite file", () => {
  assert.equal(entryOf(read({})), "model.json");
  const onnx = { target: "onnx", files: [{ ...FILE, path: "small.onnx" }] };
  assert.equal(entryOf(read(onnx)), "small.onnx");
  const litert = { target: "litert", files: [{ ...FILE, path: "small.tflite" }] };
  assert.equal(entryOf(read(litert)), "small.tflite");
  assert.throws(() => entryOf(read({ target: "onnx" })), /no \.onnx among them/);
});

test("what comes out is labels, or what the recipe says", () => {
  const scores = { interface: { ...RECIPE.interface, output: "scores" } };
  assert.equal(read({}).givesLabels, true);
  assert.equal(read({ recipe: scores }).givesLabels, false);
  assert.equal(read({ recipe: null, upgraded: true }).givesLabels, true);
});

test("manifests of schema 1 say it among their options", () => {
  const readFormer = (options: object) => read({ schema: 1, recipe: undefined, options });
  assert.equal(readFormer({ output: "labels" }).givesLabels, true);
  assert.equal(readFormer({ output: "scores" }).givesLabels, false);
  assert.equal(readFormer({ upgraded: true }).givesLabels, true);
});

for (const [change, reason] of [
  [{ target: "tensorflow" }, /target is tensorflow/],
  [{ contract: { ...CONTRACT, crop: null } }, /contract.crop is no list/],
  [{ contract: { ...CONTRACT, crop: [0, 5] } }, /contract.crop is no size/],
  [{ files: [{ ...FILE, path: "../secret" }] }, /no plain name/],
  [{ files: [{ ...FILE, path: ".." }] }, /\.\. is no plain name/],
  [{ files: [{ ...FILE, sha256: "x" }] }, /no digest/],
  [{ classes: "person" }, /classes is no list/],
  [{ source: [] }, /source is no object/],
  [{ recipe: undefined }, /recipe is no object/],
  [{ recipe: {} }, /recipe.interface is no object/],
  [{ schema: 1 }, /options is no object/],
] as const) {
  test(`a manifest is refused: ${reason.source}`, () => {
    assert.throws(() => read(change), ArtifactError);
    assert.throws(() => read(change), reason);
  });
}

test("what is not JSON is no manifest", () => {
  assert.throws(() => readManifest("<!doctype html>"), ArtifactError);
});
