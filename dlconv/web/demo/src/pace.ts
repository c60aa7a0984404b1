// Which of several sizes of a network holds a frame rate: a smaller one when frames have taken too
// long for a while, a larger one when that has had room for a while.
//
// What another size would take is told from what this one takes now: by the ratio that was measured
// between the two, or else by that of their pixels. A size that was tried and left again is tried
// later each time, so that the choice does not swing.

import { Recent } from "./stats.ts";

/** `milliseconds` is what a frame took when it was measured, if it was. */
export interface Rung {
  readonly pixels: number;
  readonly milliseconds: number | null;
}

const WINDOW = 5;
const LATE_MS = 1_500;
const ROOM_MS = 4_000;
const LONGEST_WAIT_MS = 120_000;
/** The share of the time that a larger size may take. */
const ROOM = 0.8;

export class Pace {
  readonly #pixels: readonly number[];
  readonly #budget: number;
  #costs: readonly (number | null)[];
  #at: number;
  #recent = new Recent(WINDOW);
  #frames = 0;
  #lastDone = 0;
  #target: number;
  #since = 0;
  #wait = ROOM_MS;
  #rose = false;
  #beatenSince: number | null = null;

  /** `rungs` go from the largest to the smallest; it starts `at` one of them. */
  constructor(rungs: readonly Rung[], perSecond: number, at: number) {
    this.#pixels = rungs.map(({ pixels }) => pixels);
    this.#costs = rungs.map(({ milliseconds }) => milliseconds);
    this.#budget = 1000 / perSecond;
    this.#at = at;
    this.#target = at;
  }

  get at(): number {
    return this.#at;
  }

  /** What a frame takes now, in milliseconds; null at first. */
  get milliseconds(): number | null {
    return this.#recent.median;
  }

  /** Whether not even the smallest holds the rate, and has not for a while. */
  get isBeaten(): boolean {
    return this.#beatenSince !== null && this.#lastDone - this.#beatenSince >= LATE_MS;
  }

  /**
   * Tell of a frame: when it was asked for, and when its labels came, in milliseconds. Returns
   * which rung the next frames are for.
   */
  frame(asked: number, done: number): number {
    // Of frames that are under way at the same time each waits for the one before it.
    const cost = done - Math.max(asked, this.#lastDone);
    this.#lastDone = done;
    this.#frames += 1;
    // The first one also waits for what a backend compiles.
    if (this.#frames > 1) this.#recent.add(cost);
    if (this.#frames > WINDOW / 2) this.#consider(done);
    return this.#at;
  }

  #consider(now: number): void {
    const current = this.milliseconds!;
    if (this.#frames === WINDOW + 1) this.#remember(current);
    if (!this.#isSmallest || current <= ROOM * this.#budget) this.#beatenSince = null;
    else if (current > this.#budget) this.#beatenSince ??= now;
    const target = this.#fitting(current);
    if (Math.sign(target - this.#at) !== Math.sign(this.#target - this.#at)) this.#since = now;
    this.#target = target;
    const wait = target > this.#at ? LATE_MS : this.#wait;
    if (target !== this.#at && now - this.#since >= wait) this.#move(current);
  }

  get #isSmallest(): boolean {
    return this.#at === this.#pixels.length - 1;
  }

  /** The largest rung that holds the rate, the smallest if none does; one may have to grow. */
  #fitting(current: number): number {
    const fits = this.#pixels.findIndex((_, rung) => {
      const share = rung < this.#at ? ROOM : 1;
      return this.#expected(rung, current) <= share * this.#budget;
    });
    return fits < 0 ? this.#pixels.length - 1 : fits;
  }

  #expected(rung: number, current: number): number {
    const [then, now] = [this.#costs[rung], this.#costs[this.#at]];
    if (then && now) return (current * then) / now;
    return (current * this.#pixels[rung]!) / this.#pixels[this.#at]!;
  }

  #move(current: number): void {
    this.#remember(current);
    const rises = this.#target < this.#at;
    if (!rises) this.#wait = this.#rose ? Math.min(2 * this.#wait, LONGEST_WAIT_MS) : ROOM_MS;
    this.#rose = rises;
    this.#at = this.#target;
    this.#recent = new Recent(WINDOW);
    this.#frames = 0;
  }

  #remember(current: number): void {
    this.#costs = this.#costs.map((cost, rung) => (rung === this.#at ? current : cost));
  }
}
