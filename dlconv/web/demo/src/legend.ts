// The classes of the model: which are kept, their colours, and how much of the picture they have.

import type { Colour } from "@dlconv/segment";
import { find, make } from "./dom.ts";
import { byShare, keptAtFirst } from "./mask.ts";

const PAUSE_MS = 500;
// More than these are searched rather than read.
const MOST_READ = 20;

export class Legend {
  readonly #list = find("#classes .legend", HTMLUListElement);
  readonly #search = find("#search", HTMLInputElement);
  readonly #changed: () => void;
  #classes: readonly string[] = [];
  #items: readonly HTMLElement[] = [];
  #order: readonly number[] = [];
  #shares: readonly HTMLElement[] = [];
  #lastShown = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
    this.#list.addEventListener("change", changed);
    this.#search.addEventListener("input", () => this.#showFound());
    find("#all", HTMLButtonElement).addEventListener("click", () => this.#setAll(true));
    find("#none", HTMLButtonElement).addEventListener("click", () => this.#setAll(false));
  }

  /** Show other classes, the kept ones first; the choice stays where the classes are the same. */
  show(classes: readonly string[], colours: readonly Colour[]): void {
    if (classes.join("\n") === this.#classes.join("\n")) return;
    this.#classes = classes;
    const kept = keptAtFirst(classes);
    this.#shares = classes.map(() => make("span", { className: "share" }));
    this.#items = classes.map((name, index) => {
      const box = make("input", { type: "checkbox", checked: kept.has(index), value: `${index}` });
      const swatch = make("span", { className: "swatch" });
      swatch.style.setProperty("--colour", `rgb(${(colours[index] ?? [0, 0, 0]).join(" ")})`);
      return make("li", {}, make("label", {}, box, swatch, name, this.#shares[index]!));
    });
    this.#search.hidden = classes.length <= MOST_READ;
    this.#search.value = "";
    this.#sort([...kept, ...[...classes.keys()].filter((index) => !kept.has(index))]);
    this.#changed();
  }

  /**
   * Show the share of each class, `atOnce` or not more often than people can read. Those of a still
   * picture are sorted by it, but not under somebody's hand.
   */
  showShares(shares: readonly number[], now: number, atOnce: boolean): void {
    if (!atOnce && now - this.#lastShown < PAUSE_MS) return;
    this.#lastShown = now;
    this.#shares.forEach((element, index) => {
      const percent = Math.round((shares[index] ?? 0) * 100);
      element.textContent = percent ? `${percent} %` : "";
    });
    if (atOnce && !this.#list.contains(document.activeElement)) {
      this.#sort(byShare(this.#order, shares));
    }
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

  #sort(order: readonly number[]): void {
    if (String(order) === String(this.#order)) return;
    this.#order = order;
    this.#list.replaceChildren(...order.map((index) => this.#items[index]!));
  }

  #showFound(): void {
    const words = this.#search.value.trim().toLowerCase();
    for (const [index, item] of this.#items.entries()) {
      item.hidden = !this.#classes[index]!.toLowerCase().includes(words);
    }
  }

  #setAll(checked: boolean): void {
    for (const box of this.#list.querySelectorAll("input")) box.checked = checked;
    this.#changed();
  }
}
