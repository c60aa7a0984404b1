import assert from "node:assert/strict";
import { test } from "node:test";

import { Watch } from "../../../dlconv/web/demo/src/absence.ts";

const CLASSES = ["background", "cat", "dog", "person"];
const PERSON = new Set([3]);
const NOBODY = [0.6, 0.1, 0.3, 0];
const SOMEBODY = [0.4, 0, 0.3, 0.3];

/** What is said of frames, ten in a second: those who are there, until a frame's time. */
function watched(...frames: number[][]): string[] {
  const watch = new Watch();
  return frames.map((shares, frame) => {
    watch.add(shares, 100 * frame, false);
    return watch.absence(CLASSES, PERSON)?.words ?? "";
  });
}

const times = <T,>(count: number, value: T) => new Array<T>(count).fill(value);

test("of a photo it is said at once, with the largest class first", () => {
  const watch = new Watch();
  watch.add(NOBODY, 0, true);
  assert.deepEqual(watch.absence(CLASSES, PERSON), {
    words: "No person here. The picture shows dog, cat.",
    seen: [2, 1],
  });
  assert.equal(watch.absence(CLASSES, new Set([1])), null);
  watch.add(SOMEBODY, 1, true);
  assert.equal(watch.absence(CLASSES, PERSON), null);
  watch.reset();
  assert.equal(watch.absence(CLASSES, PERSON), null);
});

test("the words suit what is kept, and what is there", () => {
  const said = (shares: number[], ...kept: number[]) => {
    const watch = new Watch();
    watch.add(shares, 0, true);
    return watch.absence(CLASSES, new Set(kept))?.words;
  };
  assert.equal(said(NOBODY), "No class is kept. The picture shows dog, cat.");
  assert.equal(
    said([1, 0, 0, 0], 1, 3),
    "No cat or person here. The network sees nothing but background.",
  );
});

test("of moving pictures it is said when somebody has been away for a while", () => {
  const said = watched(...times(20, SOMEBODY), ...times(40, NOBODY));
  const first = said.findIndex(Boolean);
  assert(first > 25 && first < 50, `${first}`);
  assert(said.slice(first).every(Boolean));
});

test("at the start it takes a moment, too", () => {
  assert.deepEqual([...new Set(watched(...times(10, NOBODY)))], [""]);
  assert.match(watched(...times(12, NOBODY)).at(-1)!, /No person/);
});

test("it is taken back as soon as somebody is there again", () => {
  assert.equal(watched(...times(20, NOBODY), SOMEBODY).at(-1), "");
});

test("specks that come and go change nothing", () => {
  const speck = [0.6, 0.1, 0.292, 0.008];
  const frames = Array.from({ length: 100 }, (_, frame) => (frame % 2 ? speck : NOBODY));
  const said = watched(...frames);
  const changes = said.filter((words, frame) => Boolean(words) !== Boolean(said[frame - 1]));
  assert.equal(changes.length, 1);
});
