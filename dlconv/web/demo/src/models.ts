// The list of artifacts, with what they weigh and how long a frame takes here, and the backend.

import type { Backend } from "@dlconv/segment";
import { backendsFor, type Listed } from "./artifacts.ts";
import { find, make, radio } from "./dom.ts";
import { inBytes, inMilliseconds } from "./stats.ts";

export const AUTO = "auto";

export class Models {
  readonly #list = find("#models .list", HTMLDivElement);
  readonly #backend = find("[name=backend]", HTMLSelectElement);
  readonly #artifacts: readonly Listed[];
  readonly #costs: readonly HTMLElement[];

  constructor(artifacts: readonly Listed[], changed: () => void) {
    this.#artifacts = artifacts;
    this.#costs = artifacts.map(() => make("span", { textContent: "not yet run" }));
    for (const model of new Set(artifacts.map(({ model }) => model)))
      this.#list.append(...this.#familyOf(model));
    this.#list.addEventListener("change", () => {
      this.#showBackends();
      changed();
    });
    this.#backend.addEventListener("change", changed);
    this.#showBackends();
  }

  get chosen(): Listed {
    const { value } = find("input:checked", HTMLInputElement, this.#list);
    return this.#artifacts[Number(value)]!;
  }

  set chosen(artifact: Listed) {
    const value = this.#artifacts.indexOf(artifact);
    find(`[value="${value}"]`, HTMLInputElement, this.#list).checked = true;
    this.#showBackends();
  }

  /** The backend that was chosen; auto where it is left to the page. */
  get backend(): Backend | typeof AUTO {
    return this.#backend.value as Backend | typeof AUTO;
  }

  set backend(backend: Backend) {
    this.#backend.value = backend;
  }

  /** Show how long a frame takes; null for a model that does not run here. */
  showCost(artifact: Listed, milliseconds: number | null): void {
    const text = milliseconds === null ? "does not run" : inMilliseconds(milliseconds);
    this.#costs[this.#artifacts.indexOf(artifact)]!.textContent = text;
  }

  /** A network's name, and its artifacts. */
  #familyOf(model: string): HTMLElement[] {
    const choices = this.#artifacts.flatMap((artifact, index) =>
      artifact.model === model ? [this.#choiceOf(artifact, index)] : [],
    );
    return [make("h2", {}, model), ...choices];
  }

  #choiceOf({ title, crop, bytes }: Listed, index: number): HTMLElement {
    const isFixed = crop && title.includes(crop.join("x"));
    const kind = isFixed ? title.replace(crop.join("x"), "") : title;
    const size = crop ? `${isFixed ? "" : "up to "}${crop.join("x")}` : "any size";
    const name = make("span", { className: "name" }, kind, make("small", {}, size));
    const cost = make(
      "span",
      { className: "cost" },
      inBytes(bytes),
      make("br"),
      this.#costs[index]!,
    );
    return radio("model", `${index}`, index === 0, name, cost);
  }

  #showBackends(): void {
    const before = this.#backend.value;
    const names = [...(this.chosen.check ? [AUTO] : []), ...backendsFor(this.chosen)];
    const texts: Record<string, string> = { [AUTO]: "the fastest that is correct here" };
    const options = names.map((value) => make("option", { value }, texts[value] ?? value));
    this.#backend.replaceChildren(...options);
    this.#backend.value = names.find((name) => name === before) ?? names[0]!;
  }
}
