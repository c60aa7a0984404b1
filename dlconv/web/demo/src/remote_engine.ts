// The engine in a worker, as the page sees it.

import type { Backend, MaskStyle } from "@dlconv/segment";
import type { Drawn, Engine, Loaded, Segmented } from "./engine.ts";
import type { Question, Reply } from "./protocol.ts";

type Asked = Question extends infer Q ? (Q extends Question ? Omit<Q, "id"> : never) : never;

interface Waiting {
  resolve(answer: never): void;
  reject(error: Error): void;
  progress(share: number): void;
}

/** Start a worker; rejects where there are none that can run the engine. */
export async function startRemoteEngine(script: URL): Promise<Engine> {
  if (typeof OffscreenCanvas === "undefined") throw new Error("no OffscreenCanvas");
  // A worker made from a blob has the page's Content-Security-Policy; one from a file has none on
  // hosts that send no headers.
  const source = new Blob([`import ${JSON.stringify(script.href)};`], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(source), { type: "module" });
  await new Promise((resolve, reject) => {
    worker.addEventListener("message", resolve, { once: true });
    worker.addEventListener("error", () => reject(new Error("the worker does not start")));
  });
  return new RemoteEngine(worker);
}

class RemoteEngine implements Engine {
  readonly place = "worker";
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => this.#hear(data));
    worker.addEventListener("error", ({ message }) => this.#failAll(message));
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
    this.#worker.terminate();
  }

  #ask<T>(asked: Asked, transfer: Transferable[], progress = (_share: number) => {}): Promise<T> {
    const id = ++this.#last;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, progress });
      this.#worker.postMessage({ ...asked, id }, transfer);
    });
  }

  #failAll(message: string): void {
    const error = new Error(`the worker failed: ${message || "without a word"}`);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #hear(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (!waiting) return;
    if ("progress" in reply) {
      waiting.progress(reply.progress);
      return;
    }
    this.#waiting.delete(reply.id);
    if ("answer" in reply) waiting.resolve(reply.answer as never);
    else waiting.reject(Object.assign(new Error(reply.error.message), { name: reply.error.name }));
  }
}
