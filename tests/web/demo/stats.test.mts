import assert from "node:assert/strict";
import { test } from "node:test";

import {
  inBytes,
  inMilliseconds,
  Rate,
  Recent,
  Stats,
} from "../../../dlconv/web/demo/src/stats.ts";

test("the median is not moved by one slow frame", () => {
  const recent = new Recent();
  assert.equal(recent.median, null);
  for (const value of [10, 12, 11, 900, 11]) recent.add(value);
  assert.equal(recent.median, 11);
});

test("only the last frames count", () => {
  const recent = new Recent();
  for (let frame = 0; frame < 20; frame++) recent.add(500);
  for (let frame = 0; frame < 15; frame++) recent.add(5);
  assert.equal(recent.median, 5);
});

test("a rate is intervals over time", () => {
  const rate = new Rate();
  rate.tick(1000);
  assert.equal(rate.perSecond, null);
  rate.tick(1100);
  rate.tick(1200);
  assert.equal(rate.perSecond, 10);
});

test("a photo has no rates", () => {
  const stats = new Stats();
  stats.segmented({ upload: 1, inference: 20, readBack: 0.25 }, 99, 0);
  assert.equal(stats.total, 21.25);
  const names = stats.rows(true).map(([name]) => name);
  assert.deepEqual(names, ["Upload", "Inference", "Read-back", "Render", "Tensors"]);
  assert.deepEqual(stats.rows(true)[4], ["Tensors", "99"]);
  assert.equal(stats.rows(false)[0]![0], "Frames");
});

test("numbers are written for people", () => {
  assert.equal(inMilliseconds(3.0999), "3.1 ms");
  assert.equal(inMilliseconds(166.7), "167 ms");
  assert.equal(inBytes(588_915), "589 kB");
  assert.equal(inBytes(14_239_897), "14.2 MB");
});
