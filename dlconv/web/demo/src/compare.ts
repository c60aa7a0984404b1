// The choice of a second model, which labels the same frames in a worker of its own.

import type { Listed } from "./artifacts.ts";
import { find, make } from "./dom.ts";
import type { Engine } from "./engine.ts";

export interface Opened {
  readonly engine: Engine;
  readonly artifact: Listed;
  readonly classes: readonly string[];
}

export class Compare {
  readonly #select = find("[name=rival]", HTMLSelectElement);
  readonly #words = find("#difference", HTMLParagraphElement);
  readonly #artifacts: readonly Listed[];
  readonly #start: () => Promise<Engine>;
  #engine: Engine | null = null;
  #opened: Opened | null = null;
  #turn = 0;

  constructor(
    artifacts: readonly Listed[],
    start: () => Promise<Engine>,
    changed: () => Promise<void>,
  ) {
    this.#artifacts = artifacts;
    this.#start = start;
    const options = artifacts.map(({ model, title }, index) =>
      make("option", { value: `${index}` }, `${model} ${title}`),
    );
    this.#select.replaceChildren(make("option", { value: "" }, "nothing"), ...options);
    this.#select.addEventListener("change", () => void changed());
  }

  /** Load the model that was chosen, on wasm, in place of the one before. Rejects if it fails. */
  async open(): Promise<void> {
    this.#close();
    const turn = ++this.#turn;
    const { value } = this.#select;
    if (value === "") return;
    const artifact = this.#artifacts[Number(value)]!;
    const engine = await this.#start();
    if (turn !== this.#turn) {
      engine.stop();
      return;
    }
    this.#engine = engine;
    try {
      const { classes } = await engine.load(artifact.url, "wasm", () => {});
      if (turn === this.#turn) this.#opened = { engine, artifact, classes };
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#close();
      throw error;
    }
  }

  /** Compare with nothing. */
  end(): void {
    this.#turn += 1;
    this.#select.value = "";
    this.#close();
  }

  /** What is open, if it can be compared with a model of these classes; if not, that is said. */
  rivalOf(classes: readonly string[]): Opened | null {
    this.#words.hidden = true;
    if (!this.#opened) return null;
    if (`${this.#opened.classes}` === `${classes}`) return this.#opened;
    this.#say("This model knows other classes than the one above, so they are not compared.");
    return null;
  }

  showDifference(share: number): void {
    this.#say(
      "Left the model above, right this one; yellow is where they differ: " +
        `${(share * 100).toFixed(1)} % of the pixels.`,
    );
  }

  #say(words: string): void {
    this.#words.hidden = false;
    this.#words.textContent = words;
  }

  #close(): void {
    this.#engine?.stop();
    this.#engine = null;
    this.#opened = null;
    this.#words.hidden = true;
  }
}
