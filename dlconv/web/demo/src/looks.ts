// The settings of what is drawn: the effect, its colour, strength or picture, and the border.

import { find, make, radio } from "./dom.ts";
import { complain } from "./messages.ts";
import { EFFECTS, type Effect, type Look } from "./picture.ts";
import { readPhoto } from "./sources.ts";

export class Looks {
  readonly #form = find("#controls", HTMLFormElement);
  readonly #changed: () => void;
  #background: ImageBitmap | null = null;

  constructor(changed: () => void) {
    this.#changed = changed;
    const choices = Object.entries(EFFECTS).map(([value, text]) =>
      radio("effect", value, value === "magenta", make("span", {}, text)),
    );
    find("#effects .choices", HTMLDivElement).replaceChildren(...choices);
    this.#showOptions();
    for (const kind of ["input", "change"]) {
      this.#form.addEventListener(kind, ({ target }) => {
        if (!(target instanceof HTMLInputElement) || target.name === "model") return;
        this.#showOptions();
        changed();
      });
    }
    const file = find("#background-file", HTMLInputElement);
    find("#background", HTMLButtonElement).addEventListener("click", () => file.click());
    file.addEventListener("change", () => {
      const [chosen] = file.files ?? [];
      if (chosen) this.#setBackground(chosen).catch(complain);
      file.value = "";
    });
  }

  get inStep(): boolean {
    return this.#checked("inStep");
  }

  look(kept: ReadonlySet<number>): Look {
    return {
      effect: this.#effect,
      colour: this.#value("colour"),
      strength: Number(this.#value("strength")),
      background: this.#background,
      kept,
      follow: this.#checked("follow"),
      soft: this.#checked("soft"),
      steady: this.#checked("steady"),
    };
  }

  async #setBackground(file: File): Promise<void> {
    const chosen = await readPhoto(file);
    const before = this.#background;
    this.#background = chosen;
    this.#changed();
    before?.close();
  }

  get #effect(): Effect {
    return new FormData(this.#form).get("effect") as Effect;
  }

  #showOptions(): void {
    for (const row of document.querySelectorAll<HTMLElement>("[data-for]")) {
      row.hidden = row.dataset.for !== this.#effect;
    }
  }

  #value(name: string): string {
    return find(`[name=${name}]`, HTMLInputElement, this.#form).value;
  }

  #checked(name: string): boolean {
    return find(`[name=${name}]`, HTMLInputElement, this.#form).checked;
  }
}
