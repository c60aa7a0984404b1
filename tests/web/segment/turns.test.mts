import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as passed } from "node:timers/promises";

import { Turns } from "../../../dlconv/web/segment/src/turns.ts";

async function step(told: string[], name: string) {
  told.push(`${name} begins`);
  await passed(10);
  told.push(`${name} ends`);
}

test("what is done in turn is done alone, also after what failed", async () => {
  const turns = new Turns();
  const told: string[] = [];
  const failing = turns.run(() => Promise.reject(new Error("no such backend")));
  const steps = ["one", "two"].map((name) => turns.run(() => step(told, name)));
  await assert.rejects(failing, /no such backend/);
  await Promise.all(steps);
  assert.deepEqual(told, ["one begins", "one ends", "two begins", "two ends"]);
});

test("what is only begun in turn waits for what is done, and none waits for its end", async () => {
  const turns = new Turns();
  const told: string[] = [];
  const first = turns.run(() => step(told, "start"));
  const frames = ["one", "two"].map((name) => turns.begin(() => step(told, name)));
  await Promise.all([first, ...frames]);
  assert.deepEqual(told.slice(0, 4), ["start begins", "start ends", "one begins", "two begins"]);
});
