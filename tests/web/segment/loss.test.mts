import assert from "node:assert/strict";
import { test } from "node:test";

import { Loss } from "../../../dlconv/web/segment/src/loss.ts";

test("work comes to its own end where nothing is lost", async () => {
  const loss = new Loss();
  assert.equal(await loss.guard(async () => 7), 7);
  await assert.rejects(
    loss.guard(() => Promise.reject(new Error("its own"))),
    /its own/,
  );
});

test("what is under way at a loss is rejected, and what comes after it is not begun", async () => {
  const loss = new Loss();
  const endless = loss.guard(() => new Promise(() => {}));
  loss.tell("unplugged");
  await assert.rejects(endless, { name: "BackendError", message: "the GPU was lost: unplugged" });
  await assert.rejects(
    loss.guard(() => assert.fail("begun")),
    /unplugged/,
  );
  assert.ok(loss.isKnown);
});

test("work that fails before the loss is told says that the GPU was lost", async () => {
  let reason: string | null = null;
  const loss = new Loss(() => reason);
  const failing = loss.guard(async () => {
    reason = "unplugged";
    throw new Error("no bitmap");
  });
  await assert.rejects(failing, { name: "BackendError", message: "the GPU was lost: unplugged" });
  assert.ok(loss.isKnown);
});
