// What a frame takes on this device, for each artifact and backend that has run.

import type { Backend } from "@dlconv/segment";
import type { Listed } from "./artifacts.ts";

export class Costs {
  readonly #milliseconds = new Map<string, number>();

  set(artifact: Listed, backend: Backend, milliseconds: number): void {
    this.#milliseconds.set(keyOf(artifact, backend), milliseconds);
  }

  /** Milliseconds; null where it was not measured. */
  get(artifact: Listed, backend: Backend): number | null {
    return this.#milliseconds.get(keyOf(artifact, backend)) ?? null;
  }
}

function keyOf({ url }: Listed, backend: Backend): string {
  return `${backend} ${url}`;
}
