// The classes of the model: which are kept, their colours, and how much of the picture they have.

import type { Colour } from "@dlconv/segment";
import { find, make } from "./dom.ts";
import { keptAtFirst } from "./mask.ts";

const PAUSE_MS = 500;

export class Legend {
  readonly #list = find("#classes .legend", HTMLUListElement);
  readonly #changed: () => void;
  #classes: readonly string[] = [];
  #shares: readonly HTMLElement[] = [];
  #lastShown = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
    this.#list.addEventListener("change", changed);
    find("#all", HTMLButtonElement).addEventListener("click", () => this.#setAll(true));
    find("#none", HTMLButtonElement).addEventListener("click", () => this.#setAll(false));
  }

  /** Show other classes, the kept ones first; the choice stays where the classes are the same. */
  show(classes: readonly string[], colours: readonly Colour[]): void {
    if (classes.join("\n") === this.#classes.join("\n")) return;
    this.#classes = classes;
    const kept = keptAtFirst(classes);
    this.#shares = classes.map(() => make("span", { className: "share" }));
    const items = classes.map((name, index) => {
      const box = make("input", { type: "checkbox", checked: kept.has(index), value: `${index}` });
      const swatch = make("span", { className: "swatch" });
      swatch.style.setProperty("--colour", `rgb(${(colours[index] ?? [0, 0, 0]).join(" ")})`);
      return make("li", {}, make("label", {}, box, swatch, name, this.#shares[index]!));
    });
    const others = items.filter((_, index) => !kept.has(index));
    this.#list.replaceChildren(...Array.from(kept, (index) => items[index]!), ...others);
    this.#changed();
  }

  /** Show the share of each class; `atOnce`, or not more often than people can read. */
  showShares(shares: readonly number[], now: number, atOnce: boolean): void {
    if (!atOnce && now - this.#lastShown < PAUSE_MS) return;
    this.#lastShown = now;
    this.#shares.forEach((element, index) => {
      const percent = Math.round((shares[index] ?? 0) * 100);
      element.textContent = percent ? `${percent} %` : "";
    });
  }

  get kept(): Set<number> {
    const boxes = this.#list.querySelectorAll<HTMLInputElement>("input:checked");
    return new Set(Array.from(boxes, ({ value }) => Number(value)));
  }

  /** Keep more classes. */
  keep(classes: readonly number[]): void {
    for (const index of classes) {
      find(`[value="${index}"]`, HTMLInputElement, this.#list).checked = true;
    }
    this.#changed();
  }

  #setAll(checked: boolean): void {
    for (const box of this.#list.querySelectorAll("input")) box.checked = checked;
    this.#changed();
  }
}
