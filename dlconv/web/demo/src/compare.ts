// The choice of a second model, which labels the same frames in a worker of its own.

import type { Listed } from "./artifacts.ts";
import { find, make } from "./dom.ts";
import type { Engine } from "./engine.ts";

export class Compare {
  readonly #select = find("[name=rival]", HTMLSelectElement);
  readonly #words = find("#difference", HTMLParagraphElement);
  readonly #artifacts: readonly Listed[];
  readonly #start: () => Promise<Engine>;
  #engine: Engine | null = null;

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

  /** The model that was chosen, loaded on wasm; null for none, and when another is chosen since. */
  async open(): Promise<{ readonly engine: Engine; readonly artifact: Listed } | null> {
    this.#engine?.stop();
    this.#engine = null;
    this.#words.hidden = true;
    const { value } = this.#select;
    const artifact = value === "" ? null : this.#artifacts[Number(value)];
    if (!artifact) return null;
    const engine = await this.#start();
    await engine.load(artifact.url, "wasm", () => {});
    if (this.#select.value !== value) {
      engine.stop();
      return null;
    }
    this.#engine = engine;
    return { engine, artifact };
  }

  showDifference(share: number): void {
    this.#words.hidden = false;
    this.#words.textContent =
      "Left the model above, right this one; yellow is where they differ: " +
      `${(share * 100).toFixed(1)} % of the pixels.`;
  }
}
