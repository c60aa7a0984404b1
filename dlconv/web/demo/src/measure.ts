// Measures every model on one frame, one after another, each with an engine of its own.

import type { Backend } from "@dlconv/segment";
import type { Listed } from "./artifacts.ts";
import { find } from "./dom.ts";
import type { Engine } from "./engine.ts";
import { Recent, totalOf } from "./stats.ts";

const FRAMES = 3;
const START = "Measure all on this picture";

export interface Job {
  readonly artifact: Listed;
  readonly backend: Backend;
}

type StartEngine = () => Promise<Engine>;

/** The median milliseconds of a frame, behind one that does not count. */
async function timeOf(engine: Engine, { artifact, backend }: Job, frame: ImageBitmap) {
  await engine.load(artifact.url, backend, () => {});
  await engine.segment(await createImageBitmap(frame));
  const times = new Recent(FRAMES);
  for (let count = 0; count < FRAMES; count++) {
    const { timing } = await engine.segment(await createImageBitmap(frame));
    times.add(totalOf(timing));
  }
  return times.median!;
}

/** Rejects once the signal is given. */
function until(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

export class Measuring {
  readonly #start: StartEngine;
  readonly #button = find("#measure", HTMLButtonElement);
  readonly #words = find("#measured", HTMLParagraphElement);
  #stop: AbortController | null = null;

  /** `run` is what the button starts; pressed again, it gives the signal to stop. */
  constructor(start: StartEngine, run: (signal: AbortSignal) => Promise<void>) {
    this.#start = start;
    this.#button.textContent = START;
    this.#button.addEventListener("click", () => {
      if (this.#stop) this.#stop.abort();
      else void this.#press(run);
    });
  }

  /** Measure models on a frame, and tell of each: its milliseconds, or null where it fails. */
  async run(
    jobs: readonly Job[],
    frame: ImageBitmap,
    signal: AbortSignal,
    tell: (job: Job, milliseconds: number | null) => void,
  ): Promise<void> {
    let done = 0;
    for (const job of jobs) {
      const { model, title } = job.artifact;
      this.#words.textContent = `${done + 1} of ${jobs.length}: ${model} ${title} …`;
      const milliseconds = await this.#measure(job, frame, signal);
      if (signal.aborted) break;
      tell(job, milliseconds);
      done += 1;
    }
    this.#words.textContent = `${done} of ${jobs.length} measured.`;
  }

  async #press(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#stop = new AbortController();
    this.#button.textContent = "Stop measuring";
    await run(this.#stop.signal);
    this.#button.textContent = START;
    this.#stop = null;
  }

  async #measure(job: Job, frame: ImageBitmap, signal: AbortSignal): Promise<number | null> {
    const engine = await this.#start();
    try {
      return await Promise.race([timeOf(engine, job, frame), until(signal)]);
    } catch {
      return null;
    } finally {
      engine.stop();
    }
  }
}
