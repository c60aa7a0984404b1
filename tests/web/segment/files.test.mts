import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";

import { ArtifactError, BackendError } from "../../../dlconv/web/segment/src/errors.ts";
import { checkedReader, fetchBytes } from "../../../dlconv/web/segment/src/files.ts";
import { loadSegmenter } from "../../../dlconv/web/segment/src/index.ts";
import { startedWith } from "../../../dlconv/web/segment/src/runtime_files.ts";

// SHA-256 of "abc".
const SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const CONTENT: Record<string, string> = {
  "/good.bin": "abc",
  "/bad.bin": "abd",
  "/long.bin": "abcd",
};
const entry = (path: string) => ({ path, bytes: 3, sha256: SHA256 });
const ENTRIES = ["good.bin", "bad.bin", "long.bin", "gone.bin", "half.bin"].map(entry);

let server: Server;
let base: URL;

before(async () => {
  server = createServer(({ url = "" }, answer) => {
    if (url === "/half.bin") {
      answer.writeHead(200, { "Content-Length": "3" });
      answer.write("a", () => setTimeout(() => answer.destroy(), 100));
      return;
    }
    if (url.startsWith("/fallback/")) {
      answer.writeHead(200, { "Content-Type": "text/html" });
      answer.end("\n<!doctype html><title>An app of one page</title>");
      return;
    }
    answer.statusCode = url in CONTENT ? 200 : 404;
    answer.end(CONTENT[url]);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  base = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
after(() => server.close());

test("a file that is the one of the manifest is read, and counted", async () => {
  const told: number[][] = [];
  const read = checkedReader(base, ENTRIES, { progress: (...step) => told.push(step) });
  assert.equal(new TextDecoder().decode(await read("good.bin")), "abc");
  assert.deepEqual(told, [[3, 15]]);
});

for (const [name, reason] of [
  ["bad.bin", /bad.bin is not the file that dlconv made: its SHA-256 is a52d159f/],
  ["long.bin", /it has 4 bytes, the manifest says 3/],
  ["gone.bin", /gone.bin cannot be fetched: HTTP status 404/],
  ["half.bin", /half.bin cannot be fetched: terminated/],
  ["other.bin", /the manifest names no file other.bin/],
] as const) {
  test(`${name} is refused`, async () => {
    const reading = checkedReader(base, ENTRIES)(name);
    await assert.rejects(reading, (error: Error) => {
      assert(error instanceof ArtifactError);
      assert.match(error.message, reason);
      return true;
    });
  });
}

test("what is aborted rejects with the reason, before the answer and in the midst of it", async () => {
  const reason = new Error("another model was chosen");
  for (const delay of [0, 50]) {
    const controller = new AbortController();
    const reading = checkedReader(base, ENTRIES, { signal: controller.signal })("half.bin");
    setTimeout(() => controller.abort(reason), delay);
    await assert.rejects(reading, (error) => error === reason);
  }
});

for (const name of [
  "manifest.json",
  "model.json",
  "group1-shard1of1.bin",
  "model.onnx",
  "x.wasm",
]) {
  test(`a web page in place of ${name} is told with its address, without what may be secret`, async () => {
    const url = new URL(`fallback/${name}?token=secret#part`, base);
    await assert.rejects(fetchBytes(url), (error: Error) => {
      assert(error instanceof ArtifactError);
      const told = `${base.href}fallback/${name} cannot be fetched: the answer is a web page`;
      assert.equal(error.message, `${told} (HTTP status 200): is the URL right?`);
      return true;
    });
  });
}

test("a file that only looks a little like a page is a file", async () => {
  CONTENT["/odd.bin"] = "<abc";
  assert.equal((await fetchBytes(new URL("odd.bin", base))).length, 4);
});

test("a wrong URL of an artifact is told as such, whatever the host answers", async () => {
  for (const [folder, reason] of [
    ["fallback/", /\/fallback\/manifest\.json cannot be fetched: the answer is a web page/],
    ["gone/", /\/gone\/manifest\.json cannot be fetched: HTTP status 404/],
  ] as const) {
    await assert.rejects(loadSegmenter(new URL(folder, base)), (error: Error) => {
      assert(error instanceof ArtifactError);
      assert.match(error.message, reason);
      assert.doesNotMatch(error.message, /convert/);
      return true;
    });
  }
});

test("a runtime that fails is told by the file that is not there", async () => {
  const here = new URL("good.bin", base).href;
  const page = new URL("fallback/x.wasm", base).href;
  const gone = new URL("gone.wasm", base).href;
  const failed = () => Promise.reject(new Error("expected magic word"));
  for (const [url, reason] of [
    [page, /x\.wasm cannot be fetched: the answer is a web page/],
    [gone, /gone\.wasm cannot be fetched: HTTP status 404/],
  ] as const) {
    await assert.rejects(startedWith([here, url], failed()), (error: Error) => {
      assert(error instanceof BackendError);
      assert.match(error.message, reason);
      return true;
    });
  }
  await assert.rejects(startedWith([here], failed()), /expected magic word/);
  assert.equal(await startedWith([page], Promise.resolve("started")), "started");
});
