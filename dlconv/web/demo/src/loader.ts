// Keeps a model running: loads what was chosen, finds the fastest backend that is correct, and goes on
// without one that fails.

import type { Backend } from "@dlconv/segment";
import { backendsFor, backendsHere, type Listed } from "./artifacts.ts";
import type { Engine, Loaded } from "./engine.ts";
import { calm, complain, say } from "./messages.ts";
import { AUTO, type Models } from "./models.ts";
import { LostError } from "./remote_engine.ts";
import { areWrong, fastest, type Trial, tryBackend } from "./self_check.ts";
import { inMilliseconds } from "./stats.ts";

const NONE = "No model is loaded.";

export class Loader {
  readonly #models: Models;
  readonly #engine: Engine;
  readonly #startEngine: () => Promise<Engine>;
  readonly #changed: (loaded: Loaded | null) => void;
  #running: Backend = "wasm";
  /** The last load that was asked for; one that comes later changes nothing. */
  #last = 0;
  /** Which load a backend is looked for after. */
  #looking = 0;
  /** Whether what was chosen was lost, and loaded again. */
  #isLoadedAgain = false;

  /** `changed` is told of the chosen model when it is loaded, and of null while none is. */
  constructor(
    models: Models,
    engine: Engine,
    startEngine: () => Promise<Engine>,
    changed: (loaded: Loaded | null) => void,
  ) {
    this.#models = models;
    this.#engine = engine;
    this.#startEngine = startEngine;
    this.#changed = changed;
  }

  get running(): Backend {
    return this.#running;
  }

  get isLooking(): boolean {
    return this.#looking === this.#last;
  }

  /** The backend that runs, where an artifact can run on it. */
  backendOf(artifact: Listed): Backend {
    return backendsFor(artifact).includes(this.#running) ? this.#running : "wasm";
  }

  /**
   * With auto, start on wasm, which is right everywhere, and look for a faster one meanwhile, also
   * among rivals: artifacts that may run in place of the chosen one.
   */
  async choose(rivals: readonly Listed[] = []): Promise<void> {
    this.#isLoadedAgain = false;
    const { backend } = this.#models;
    if (backend !== AUTO) {
      await this.#load(backend);
      return;
    }
    const words = await this.#load("wasm");
    if (words) await this.#lookForFaster(words, rivals);
  }

  /** Load another model of the list on the backend that runs. */
  async change(artifact: Listed): Promise<void> {
    this.#models.chosen = artifact;
    await this.#load(this.backendOf(artifact));
  }

  /** What fails on a GPU is tried again without it. */
  async fallBack(error: Error): Promise<void> {
    const failed = this.#running;
    if (failed === "wasm" && error instanceof LostError) {
      await this.#loadAgain(error);
      return;
    }
    if (failed === "wasm" || error.name === "ArtifactError") {
      complain(error);
      return;
    }
    this.#models.backend = "wasm";
    if (await this.#load("wasm"))
      complain(`${failed} failed, so it runs on wasm now: ${error.message}`);
  }

  async #lookForFaster(onWasm: string, rivals: readonly Listed[]): Promise<void> {
    const { chosen } = this.#models;
    const turn = this.#last;
    say(`${onWasm} Looking for a faster backend …`);
    const trials: Trial[] = [];
    this.#looking = turn;
    for (const artifact of [chosen, ...rivals]) {
      for (const backend of await backendsHere(artifact)) {
        trials.push(await tryBackend(artifact, backend, this.#startEngine));
        if (turn !== this.#last) return;
      }
    }
    this.#looking = 0;
    if (areWrong(trials))
      complain("No backend gives the right labels here: do not trust the mask.");
    const words = await this.#loadOther(fastest(trials), onWasm);
    if (words) say(`${words} ${inResult(trials)}`);
  }

  /** Load what was the fastest, if it is not what runs already. */
  async #loadOther(best: Trial | null, onWasm: string): Promise<string | null> {
    const runs = this.#models.chosen;
    if (!best || (best.artifact === runs && best.backend === "wasm")) return onWasm;
    if (best.artifact !== runs) this.#models.chosen = best.artifact;
    return this.#load(best.backend);
  }

  /** What runs then, in words; null when it failed, or another load was asked for meanwhile. */
  async #load(backend: Backend): Promise<string | null> {
    const turn = ++this.#last;
    const { chosen } = this.#models;
    this.#running = backend;
    this.#changed(null);
    calm();
    say(`Loading ${chosen.model} …`);
    try {
      const loaded = await this.#engine.load(chosen.url, backend, (share) => {
        if (turn === this.#last) say(`Loading ${chosen.model}: ${Math.round(share * 100)} %`);
      });
      if (turn !== this.#last) return null;
      this.#changed(loaded);
      const words = inWords(chosen, loaded, this.#engine.place);
      say(words);
      return words;
    } catch (error) {
      if (turn === this.#last) {
        say(NONE);
        await this.fallBack(error as Error);
      }
      return null;
    }
  }

  /** Load what was lost; a second time that is left to the person. */
  async #loadAgain(error: LostError): Promise<void> {
    if (this.#isLoadedAgain) {
      this.#changed(null);
      say(NONE);
      complain(`${error.message}. Choose another model, or reload the page.`);
      return;
    }
    this.#isLoadedAgain = true;
    if (await this.#load("wasm")) complain(`The model was loaded again: ${error.message}`);
  }
}

function inWords(
  { model, title }: Listed,
  { backend, description }: Loaded,
  place: string,
): string {
  const { threads, renderer } = description;
  const details = [threads ? `${threads} thread${threads === 1 ? "" : "s"}` : "", renderer];
  const known = details.filter(Boolean).join(", ");
  const where = place === "worker" ? "in a worker" : "in the page's own thread";
  return `${model} ${title} runs on ${backend}${known ? ` (${known})` : ""}, ${where}.`;
}

function inResult(trials: readonly Trial[]): string {
  const areRivals = new Set(trials.map(({ artifact }) => artifact)).size > 1;
  const results = trials.map(({ artifact, backend, milliseconds, failure }) => {
    const where = areRivals ? `${artifact.target} ${backend}` : backend;
    return `${where} ${failure ?? inMilliseconds(milliseconds)}`;
  });
  return `Tried here: ${results.join(", ")}.`;
}
