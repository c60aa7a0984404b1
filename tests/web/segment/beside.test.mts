import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { isBeside } from "../../../dlconv/web/segment/src/beside.ts";

// The cases of tests/inspect/test_beside.py, so that both say the same.
const cases = JSON.parse(
  readFileSync(new URL("../../formats/beside.json", import.meta.url), "utf8"),
);

for (const name of cases.beside) {
  test(`${JSON.stringify(name)} is beside`, () => assert.ok(isBeside(name)));
}
for (const name of [...cases.elsewhere, "x".repeat(256), "\u00e4".repeat(128), 3, null, ["a"]]) {
  test(`${JSON.stringify(name)} is not`, () => assert.ok(!isBeside(name)));
}
