// Holds a frame rate: changes to another size of the same network, and says why.

import type { Listed } from "./artifacts.ts";
import { find } from "./dom.ts";
import { ladderOf, pixelsOf } from "./ladder.ts";
import { Pace } from "./pace.ts";
import { inMilliseconds } from "./stats.ts";

export class Autopilot {
  readonly #artifacts: readonly Listed[];
  readonly #cost: (artifact: Listed) => number | null;
  readonly #select = find("[name=rate]", HTMLSelectElement);
  readonly #words = find("#pace", HTMLParagraphElement);
  #ladder: readonly Listed[] = [];
  #pace: Pace | null = null;
  /** Why this size runs, in words. */
  #reason = "";

  /** `cost` is what a frame takes with an artifact, in milliseconds, where that is known. */
  constructor(
    artifacts: readonly Listed[],
    cost: (artifact: Listed) => number | null,
    changed: () => void,
  ) {
    this.#artifacts = artifacts;
    this.#cost = cost;
    this.#select.addEventListener("change", changed);
  }

  /** Start with the model that was chosen, and hold the rate that is. */
  start(chosen: Listed): void {
    const perSecond = Number(this.#select.value);
    this.#ladder = ladderOf(this.#artifacts, chosen);
    const at = this.#ladder.indexOf(chosen);
    const rungs = this.#ladder.map((artifact) => ({
      pixels: pixelsOf(artifact),
      milliseconds: this.#cost(artifact),
    }));
    this.#pace = perSecond && at >= 0 ? new Pace(rungs, perSecond, at) : null;
    this.#reason = perSecond ? this.#atFirst(chosen) : "";
    this.#say(this.#reason);
  }

  /** Tell of a frame of moving pictures. Returns the model to change to, or null. */
  frame(asked: number, done: number): Listed | null {
    const pace = this.#pace;
    if (!pace) return null;
    const before = this.#ladder[pace.at]!;
    const took = pace.milliseconds;
    const next = this.#ladder[pace.frame(asked, done)]!;
    if (next !== before) this.#reason = inReason(before, next, took);
    this.#say(pace.isBeaten ? this.#inDefeat(next) : this.#reason);
    return next === before ? null : next;
  }

  #inDefeat(smallest: Listed): string {
    const rate = this.#select.value;
    return `Not even ${inPixels(smallest)} holds ${rate} per second; no smaller size is used.`;
  }

  #atFirst({ model }: Listed): string {
    if (this.#ladder.length === 1) {
      return `There is one size of ${model} for it here; dlconv tfjs --input-size makes others.`;
    }
    return (
      "The largest size that holds the rate is used for videos, but none below half of the " +
      "largest: their masks are poor. One can be chosen by hand."
    );
  }

  #say(words: string): void {
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }
}

function inReason(before: Listed, next: Listed, took: number | null): string {
  const cause = pixelsOf(next) < pixelsOf(before) ? "too long for the rate" : "with room for more";
  const cost = took === null ? "" : ` at ${inMilliseconds(took)}`;
  return `Now ${inPixels(next)}: ${inPixels(before)} ran${cost} a frame, ${cause}.`;
}

function inPixels({ crop }: Listed): string {
  return crop ? crop.join("x") : "";
}
