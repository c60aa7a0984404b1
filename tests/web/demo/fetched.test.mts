import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { fetched } from "../../../dlconv/web/demo/src/fetched.ts";

test("what the site lacks is told, whether the host says so or answers with a page", async () => {
  const server = createServer(({ url }, answer) => {
    const type = url === "/page" ? "text/html; charset=utf-8" : "application/json";
    answer.writeHead(url === "/gone" ? 404 : 200, { "Content-Type": type });
    answer.end("[]");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  assert.deepEqual(await (await fetched(`${base}/list`)).json(), []);
  await assert.rejects(fetched(`${base}/gone`), /gone cannot be fetched: HTTP 404/);
  await assert.rejects(fetched(`${base}/page`), /page cannot be fetched: the answer is a web page/);
  server.close();
});
