// Says when nothing of what is kept is in the picture, and what is there instead.
//
// In moving pictures that is judged by the mean of the last moments, so that the words do not
// flicker; of a photo it is said at once.

import { find } from "./dom.ts";
import { isBackground } from "./mask.ts";

/** The shares of the picture from which on a class is there; what was missing has to be larger. */
const LEAST_KEPT = 0.005;
const LEAST_BACK = 0.01;
const LEAST_SEEN = 0.01;
/** How long it takes until a frame counts for no more than a third. */
const MEMORY_MS = 500;
const FIRST_MS = 1_000;
const PAUSE_MS = 2_000;
const NOTHING_SEEN = "The network sees nothing but background.";

/** `seen` are the classes that are there, the largest first. */
export interface Absence {
  readonly words: string;
  readonly seen: readonly number[];
}

/** Watches how much of the picture each class has. */
export class Watch {
  #shares: readonly number[] = [];
  #started = 0;
  #last = 0;
  #isStill = false;
  #isMissing = false;

  /** Forget what was seen, for another source or other classes. */
  reset(): void {
    this.#shares = [];
    this.#isMissing = false;
  }

  /** `shares` are from 0 to 1, `now` is in milliseconds; a photo `isStill`. */
  add(shares: readonly number[], now: number, isStill: boolean): void {
    this.#isStill = isStill;
    if (isStill || this.#shares.length !== shares.length) {
      this.#shares = shares;
      this.#started = now;
    } else {
      const rest = Math.exp((this.#last - now) / MEMORY_MS);
      this.#shares = shares.map((share, index) => share + (this.#shares[index]! - share) * rest);
    }
    this.#last = now;
  }

  /** What is to be said; null while something that is kept is there, or it is too early to tell. */
  absence(classes: readonly string[], kept: ReadonlySet<number>): Absence | null {
    if (this.#shares.length === 0) return null;
    if (!this.#isStill && this.#last - this.#started < FIRST_MS) return null;
    const there = [...kept].reduce((sum, index) => sum + (this.#shares[index] ?? 0), 0);
    this.#isMissing = there < (this.#isMissing && !this.#isStill ? LEAST_BACK : LEAST_KEPT);
    if (!this.#isMissing) return null;
    const seen = [...classes.keys()]
      .filter((index) => !isBackground(classes[index]!) && !kept.has(index))
      .filter((index) => this.#shares[index]! >= LEAST_SEEN)
      .sort((a, b) => this.#shares[b]! - this.#shares[a]!);
    return { words: inWords(classes, kept, seen), seen };
  }
}

function inWords(
  classes: readonly string[],
  kept: ReadonlySet<number>,
  seen: readonly number[],
): string {
  const there = seen.length > 0 ? `The picture shows ${listed(seen, classes)}.` : NOTHING_SEEN;
  return `${missingInWords([...kept].map((index) => classes[index]!))} ${there}`;
}

function missingInWords(kept: readonly string[]): string {
  if (kept.length === 0) return "No class is kept.";
  if (kept.length > 3) return "Nothing that is kept is here.";
  return `No ${kept.join(" or ")} here.`;
}

function listed(indices: readonly number[], classes: readonly string[]): string {
  return indices.map((index) => classes[index]).join(", ");
}

/** The line below the picture, with a button that keeps what is seen. */
export class Notice {
  readonly #words = find("#absence p", HTMLParagraphElement);
  readonly #button = find("#absence button", HTMLButtonElement);
  #seen: readonly number[] = [];
  #changed = 0;

  constructor(keep: (classes: readonly number[]) => void) {
    this.#button.addEventListener("click", () => keep(this.#seen));
  }

  /** Show what is missing, or nothing; `atOnce`, or not more often than people can read. */
  show(absence: Absence | null, classes: readonly string[], now: number, atOnce: boolean): void {
    const words = absence?.words ?? "";
    const before = this.#words.textContent;
    if (words === before) return;
    if (!atOnce && words && before && now - this.#changed < PAUSE_MS) return;
    this.#changed = now;
    this.#seen = absence?.seen ?? [];
    this.#words.textContent = words;
    this.#button.textContent = `Keep ${listed(this.#seen, classes)}`;
    this.#button.hidden = this.#seen.length === 0;
  }
}
