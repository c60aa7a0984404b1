// What the page measures: medians over the last frames, and how many there are in a second.

import type { Timing } from "@dlconv/segment";

const REMEMBERED = 15;

/** The median of the last values. */
export class Recent {
  readonly #remembered: number;
  #values: number[] = [];

  constructor(remembered = REMEMBERED) {
    this.#remembered = remembered;
  }

  add(value: number): void {
    this.#values = [...this.#values, value].slice(-this.#remembered);
  }

  get median(): number | null {
    if (this.#values.length === 0) return null;
    const sorted = [...this.#values].sort((a, b) => a - b);
    return sorted[sorted.length >> 1]!;
  }
}

/** How often something happens in a second. */
export class Rate {
  #times: number[] = [];

  /** `now` is in milliseconds. */
  tick(now: number): void {
    this.#times = [...this.#times, now].slice(-REMEMBERED);
  }

  get perSecond(): number | null {
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    if (first === undefined || last === undefined || first === last) return null;
    return ((this.#times.length - 1) * 1000) / (last - first);
  }
}

/** All that the engine takes for a frame, in milliseconds. */
export function totalOf({ upload, inference, readBack }: Timing): number {
  return upload + inference + readBack;
}

export class Stats {
  readonly #total = new Recent();
  readonly #upload = new Recent();
  readonly #inference = new Recent();
  readonly #readBack = new Recent();
  readonly #render = new Recent();
  readonly #drawn = new Rate();
  readonly #labelled = new Rate();
  #tensors = 0;

  segmented(timing: Timing, tensors: number, now: number): void {
    this.#total.add(totalOf(timing));
    this.#upload.add(timing.upload);
    this.#inference.add(timing.inference);
    this.#readBack.add(timing.readBack);
    this.#tensors = tensors;
    this.#labelled.tick(now);
  }

  drawn(milliseconds: number, now: number): void {
    this.#render.add(milliseconds);
    this.#drawn.tick(now);
  }

  /** What the engine takes for a frame. */
  get total(): number | null {
    return this.#total.median;
  }

  /** Names and values for people; rates only where frames follow each other. */
  rows(isStill: boolean): [string, string][] {
    const rows: [string, string][] = [
      ["Upload", inMilliseconds(this.#upload.median)],
      ["Inference", inMilliseconds(this.#inference.median)],
      ["Read-back", inMilliseconds(this.#readBack.median)],
      ["Render", inMilliseconds(this.#render.median)],
      ["Tensors", String(this.#tensors)],
    ];
    if (isStill) return rows;
    const rates: [string, string][] = [
      ["Frames", perSecond(this.#drawn.perSecond)],
      ["Masks", perSecond(this.#labelled.perSecond)],
    ];
    return [...rates, ...rows];
  }
}

export function inMilliseconds(value: number | null): string {
  if (value === null) return "–";
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

export function inBytes(value: number): string {
  return value < 1e6 ? `${Math.round(value / 1e3)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}

function perSecond(value: number | null): string {
  return value === null ? "–" : `${value.toFixed(1)} per s`;
}
