import assert from "node:assert/strict";
import { test } from "node:test";

import { Pace, type Rung } from "../../../dlconv/web/demo/src/pace.ts";

const rung = (side: number, milliseconds: number | null = null): Rung => ({
  pixels: side * side,
  milliseconds,
});
const SIZES = [rung(513), rung(257), rung(129)];

/** Runs frames one after another; `cost` is what one takes on a rung. Tells the rungs it was on. */
function run(pace: Pace, seconds: number, cost: (at: number) => number, from = 0): number[] {
  const visited = [pace.at];
  for (let now = from; now < from + seconds * 1000; ) {
    const done = now + cost(pace.at);
    const at = pace.frame(now, done);
    if (at !== visited.at(-1)) visited.push(at);
    now = done;
  }
  return visited;
}

test("a size that is too slow is left for the largest that holds the rate", () => {
  assert.deepEqual(
    run(new Pace(SIZES, 10, 0), 60, (at) => [320, 80, 20][at]!),
    [0, 1],
  );
  assert.deepEqual(
    run(new Pace(SIZES, 15, 0), 60, (at) => [320, 80, 20][at]!),
    [0, 2],
  );
});

test("a few slow frames change nothing", () => {
  let count = 0;
  const cost = () => (count++ % 7 === 0 ? 400 : 60);
  assert.deepEqual(run(new Pace(SIZES, 10, 0), 60, cost), [0]);
});

test("where there is room it goes up, when there has been for a while", () => {
  const pace = new Pace(SIZES, 10, 2);
  const cost = (at: number) => [640, 40, 10][at]!;
  assert.deepEqual(run(pace, 3, cost), [2]);
  assert.deepEqual(run(pace, 10, cost, 3000), [2, 1]);
});

test("a device that slows down and recovers is followed down and up", () => {
  const pace = new Pace(SIZES, 10, 0);
  const cost = (slowness: number) => (at: number) => slowness * [60, 15, 4][at]!;
  assert.deepEqual(run(pace, 20, cost(1)), [0]);
  assert.deepEqual(run(pace, 20, cost(4), 20_000), [0, 1]);
  assert.deepEqual(run(pace, 20, cost(1), 40_000), [1, 0]);
});

test("a size that takes more than its pixels let expect is tried once", () => {
  const pace = new Pace([rung(257), rung(193)], 10, 1);
  assert.deepEqual(
    run(pace, 600, (at) => [130, 40][at]!),
    [1, 0, 1],
  );
});

test("measured times tell of a size that it has never run", () => {
  const pace = new Pace([rung(257, 130), rung(193, 40)], 10, 1);
  assert.deepEqual(
    run(pace, 600, (at) => [130, 40][at]!),
    [1],
  );
});

test("on a device that gets hot each try comes later", () => {
  const pace = new Pace([rung(257), rung(193)], 10, 1);
  let heat = 0;
  const cost = (at: number) => {
    const took = (at === 0 ? 60 : 20) * (heat > 3000 ? 2.5 : 1);
    heat = at === 0 ? Math.min(heat + took, 4000) : Math.max(heat - took, 0);
    return took;
  };
  const visited = run(pace, 600, cost);
  assert(visited.length >= 4, `${visited}`);
  assert(visited.length <= 18, `${visited}`);
});

test("the smallest stays where nothing holds the rate, and that is told for as long", () => {
  const pace = new Pace(SIZES, 30, 0);
  assert.equal(pace.isBeaten, false);
  assert.deepEqual(
    run(pace, 30, (at) => [900, 300, 90][at]!),
    [0, 2],
  );
  assert.equal(pace.isBeaten, true);
  run(pace, 1, () => 20, 30_000);
  assert.equal(pace.isBeaten, false);
});

test("frames that are under way together are not counted twice", () => {
  const pace = new Pace(SIZES, 10, 0);
  // Each takes 80 ms, and waits as long for the one before it.
  for (let done = 160; done < 30_000; done += 80) pace.frame(done - 160, done);
  assert.equal(pace.at, 0);
  assert.equal(pace.milliseconds, 80);
});
