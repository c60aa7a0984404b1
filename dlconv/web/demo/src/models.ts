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
    this.#costs = artifacts.map(({ bytes }) =>
      make("span", { className: "cost" }, make("span", {}, inBytes(bytes))),
    );
    const choices = artifacts.map(({ model, title, crop }, index) => {
      const isFixed = crop && title.includes(crop.join("x"));
      const details = crop && !isFixed ? `${title}, up to ${crop.join("x")}` : title;
      const name = make("span", { className: "name" }, model, make("small", {}, details));
      return radio("model", `${index}`, index === 0, name, this.#costs[index]!);
    });
    this.#list.replaceChildren(...choices);
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

  /** The backend that was chosen; auto where it is left to the page. */
  get backend(): Backend | typeof AUTO {
    return this.#backend.value as Backend | typeof AUTO;
  }

  set backend(backend: Backend) {
    this.#backend.value = backend;
  }

  /** Show how long the network takes on one frame. */
  showCost(artifact: Listed, milliseconds: number): void {
    const place = this.#costs[this.#artifacts.indexOf(artifact)];
    const text = inMilliseconds(milliseconds);
    place?.replaceChildren(place.firstChild!, make("br"), text);
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
