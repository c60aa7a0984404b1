// What the page says: one line on how things stand, and one on what went wrong last.

import { find } from "./dom.ts";

const state = find("#state", HTMLParagraphElement);
const message = find("#message", HTMLParagraphElement);

export function say(words: string): void {
  state.textContent = words;
}

export function complain(error: unknown): void {
  message.textContent = error instanceof Error ? error.message : String(error);
  message.hidden = false;
}

/** What went wrong is over. */
export function calm(): void {
  message.hidden = true;
}
