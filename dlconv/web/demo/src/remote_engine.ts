// The engine in a worker, as the page sees it.

import type { Backend, MaskStyle } from "@dlconv/segment";
import type { Drawn, Engine, Loaded, Segmented } from "./engine.ts";
import type { Question, Reply } from "./protocol.ts";

type Ends = Question extends infer Q ? (Q extends Question ? Omit<Q, "id"> : never) : never;

interface Waiting {
  /** Frames are answered soon; models are as slow as the network. */
  readonly isFrame: boolean;
  resolve(answer: never): void;
  reject(error: Error): void;
  progress(share: number): void;
}

/** The worker is lost with its model; another one, which has to load it, takes its place. */
export class LostError extends Error {
  override name = "LostError";
}

/** A worker that leaves frames waiting for so long is stuck; shaders are compiled in half of it. */
const SILENCE_MS = 60_000;

/** Start a worker; rejects where there are none that can run the engine. */
export async function startRemoteEngine(script: URL): Promise<Engine> {
  if (typeof OffscreenCanvas === "undefined") throw new Error("no OffscreenCanvas");
  return new RemoteEngine(script, await startWorker(script));
}

async function startWorker(script: URL): Promise<Worker> {
  // A worker made from a blob has the page's Content-Security-Policy; one from a file has none on
  // hosts that send no headers.
  const source = new Blob([`import ${JSON.stringify(script.href)};`], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(source), { type: "module" });
  await new Promise((resolve, reject) => {
    worker.addEventListener("message", resolve, { once: true });
    worker.addEventListener("error", () => reject(new Error("the worker does not start")));
  });
  return worker;
}

class RemoteEngine implements Engine {
  readonly place = "worker";
  readonly #script: URL;
  #worker: Promise<Worker>;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(script: URL, worker: Worker) {
    this.#script = script;
    this.#worker = Promise.resolve(this.#heard(worker));
  }

  load(url: string, backend: Backend, progress: (share: number) => void): Promise<Loaded> {
    return this.#ask({ ask: "load", url, backend }, [], progress);
  }

  segment(frame: ImageBitmap): Promise<Segmented> {
    return this.#ask({ ask: "segment", frame }, [frame]);
  }

  draw(frame: ImageBitmap, style: MaskStyle, wantsLabels: boolean): Promise<Drawn> {
    return this.#ask({ ask: "draw", frame, style, wantsLabels }, [frame]);
  }

  stop(): void {
    void this.#worker.then((worker) => worker.terminate());
    this.#failAll(new Error("the worker was stopped"));
  }

  #ask<T>(asked: Ends, transfer: Transferable[], progress = (_share: number) => {}): Promise<T> {
    const id = ++this.#last;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { isFrame: asked.ask !== "load", resolve, reject, progress });
      this.#worker.then(
        (worker) => worker.postMessage({ ...asked, id }, transfer),
        (error) => this.#settle(id)?.reject(error),
      );
      if (this.#silence === undefined) this.#listen();
    });
  }

  /** Wait for the next word of the worker, as long as frames wait for it. */
  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
    if (![...this.#waiting.values()].some(({ isFrame }) => isFrame)) return;
    this.#silence = setTimeout(() => this.#startAnew(), SILENCE_MS);
  }

  /** What the stuck worker holds is lost; another one has to load its model. */
  #startAnew(): void {
    void this.#worker.then((worker) => worker.terminate());
    this.#worker = startWorker(this.#script).then((worker) => this.#heard(worker));
    this.#failAll(new LostError("the worker failed: it does not answer"));
  }

  #heard(worker: Worker): Worker {
    worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => this.#hear(data));
    worker.addEventListener("error", ({ message }) =>
      this.#failAll(new Error(`the worker failed: ${message || "without a word"}`)),
    );
    return worker;
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#listen();
  }

  #hear(reply: Reply): void {
    if ("progress" in reply) this.#waiting.get(reply.id)?.progress(reply.progress);
    else if ("answer" in reply) this.#settle(reply.id)?.resolve(reply.answer as never);
    else this.#settle(reply.id)?.reject(Object.assign(new Error(), reply.error));
    this.#listen();
  }

  /** Who waits for an answer, once. */
  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
