// Keeps an exported page, so that it opens without a network after the first visit.
//
// The export writes KEPT above this script: a version, all of the site's files, and which of them
// to fetch at once. Others are kept when they are first used; what else the host has is left to it.
// Answers get the headers that isolate a page (COOP and COEP), since many hosts cannot send them:
// from the second visit on, wasm has its threads.

import { isPage } from "./fetched.ts";

declare const KEPT: {
  readonly version: string;
  readonly first: readonly string[];
  readonly files: readonly string[];
};

const worker = self as unknown as ServiceWorkerGlobalScope;
const { scope } = worker.registration;
const PREFIX = `dlconv-demo ${scope} `;
const NAME = PREFIX + KEPT.version;
const FILES = new Set(KEPT.files.map((file) => new URL(file, scope).href));

worker.addEventListener("install", (event) => {
  event.waitUntil(keepFirst());
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const [url] = event.request.url.split(/[?#]/, 1);
  if (event.request.method === "GET" && FILES.has(url!)) event.respondWith(answer(event, url!));
});

/** None of them as the browser kept it, which may be another version's. */
async function keepFirst(): Promise<void> {
  const cache = await caches.open(NAME);
  await cache.addAll(KEPT.first.map((file) => new Request(file, { cache: "reload" })));
}

async function forgetOthers(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function answer(event: FetchEvent, url: string): Promise<Response> {
  const cache = await caches.open(NAME);
  const kept = await cache.match(url);
  if (kept) return isolated(kept);
  const found = await fetch(url, { cache: "no-cache", signal: event.request.signal });
  // What there is no room for is fetched again when it is used again. A page in place of another
  // file, as many hosts answer for what they do not have, is not kept.
  const isOther = isPage(found) && event.request.mode !== "navigate";
  if (found.status === 200 && !isOther)
    event.waitUntil(cache.put(url, found.clone()).catch(() => {}));
  return isolated(found);
}

function isolated(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  const { status, statusText, body } = response;
  return new Response(body, { status, statusText, headers });
}
