// Keeps an exported page, so that it opens without a network after the first visit.
//
// The export writes KEPT above this script: a version, and the files to fetch at once. Others are
// kept when they are first used. Answers get the headers that isolate a page (COOP and COEP), since
// many hosts cannot send them: from the second visit on, wasm has its threads.

declare const KEPT: { readonly version: string; readonly files: readonly string[] };

const worker = self as unknown as ServiceWorkerGlobalScope;
const PREFIX = `dlconv-demo ${worker.registration.scope} `;
const NAME = PREFIX + KEPT.version;

worker.addEventListener("install", (event) => {
  event.waitUntil(keepAll());
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const isOwn = request.url.startsWith(worker.registration.scope);
  if (request.method === "GET" && isOwn) event.respondWith(answer(request));
});

async function keepAll(): Promise<void> {
  const cache = await caches.open(NAME);
  await cache.addAll([...KEPT.files]);
}

async function forgetOthers(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (kept) return isolated(kept);
  const found = await fetch(request);
  if (found.status === 200) await cache.put(request, found.clone());
  return isolated(found);
}

function isolated(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  const { status, statusText, body } = response;
  return new Response(body, { status, statusText, headers });
}
