// The page: wires its controls to the studio, and says in words what goes on.

import type { Backend } from "@dlconv/segment";
import { Notice, Watch } from "./absence.ts";
import { type Listed, listArtifacts, twinsOf } from "./artifacts.ts";
import { Autopilot } from "./autopilot.ts";
import { Compare } from "./compare.ts";
import { Costs } from "./costs.ts";
import { find, make } from "./dom.ts";
import { type Drawn, type Engine, type Loaded, LocalEngine, type Segmented } from "./engine.ts";
import { Legend } from "./legend.ts";
import { Loader } from "./loader.ts";
import { Looks } from "./looks.ts";
import { sharesOf } from "./mask.ts";
import { Measuring } from "./measure.ts";
import { calm, complain, say } from "./messages.ts";
import { Models } from "./models.ts";
import { Picture } from "./picture.ts";
import { startRemoteEngine } from "./remote_engine.ts";
import { openCamera, openFile, type PictureSource, SourceError } from "./sources.ts";
import { totalOf } from "./stats.ts";
import { Studio } from "./studio.ts";

const STATS_PAUSE_MS = 250;

const canvas = find("#picture", HTMLCanvasElement);
const statsList = find("#stats", HTMLDListElement);
const stop = find("#stop", HTMLButtonElement);
const save = find("#save", HTMLButtonElement);
const empty = find("#empty", HTMLDivElement);
const stage = find("#drop", HTMLDivElement);

async function startEngine(): Promise<Engine> {
  return startRemoteEngine(new URL("worker.js", document.baseURI)).catch(() => new LocalEngine());
}

async function main(): Promise<void> {
  const { artifacts, isKept } = await listArtifacts();
  // Where it cannot be, in a private window for one, the page only needs its network.
  if (isKept) navigator.serviceWorker?.register("service-worker.js").catch(() => {});
  await new Page(artifacts, await startEngine()).start();
}

class Page {
  readonly #artifacts: readonly Listed[];
  readonly #studio: Studio;
  readonly #models: Models;
  readonly #loader: Loader;
  readonly #autopilot: Autopilot;
  readonly #measuring: Measuring;
  readonly #compare: Compare;
  readonly #legend = new Legend(() => this.#restyle());
  readonly #looks = new Looks(() => this.#restyle());
  readonly #costs = new Costs();
  readonly #picture = new Picture(canvas, this.#looks.look(this.#legend.kept));
  readonly #rivalPicture = new Picture(make("canvas"), this.#looks.look(this.#legend.kept));
  readonly #watch = new Watch();
  readonly #notice = new Notice((seen) => this.#legend.keep(seen));
  #classes: readonly string[] = [];
  #lastStats = 0;
  /** The last source that was asked for; one that comes later is not shown. */
  #opening = 0;

  constructor(artifacts: readonly Listed[], engine: Engine) {
    this.#artifacts = artifacts;
    this.#models = new Models(artifacts, () => void this.#choose());
    this.#loader = new Loader(this.#models, engine, startEngine, (loaded) => this.#change(loaded));
    this.#autopilot = new Autopilot(
      artifacts,
      (artifact) => this.#costs.get(artifact, this.#loader.backendOf(artifact)),
      () => this.#autopilot.start(this.#models.chosen),
    );
    this.#measuring = new Measuring(startEngine, (signal) =>
      this.#measureAll(signal).catch(complain),
    );
    this.#compare = new Compare(artifacts, startEngine, () => this.#setRival());
    this.#studio = new Studio(engine, this.#picture, {
      drawn: () => this.#showStats(),
      segmented: (found, asked) => this.#take(found, asked),
      compared: (share) => this.#compare.showDifference(share),
      failed: (error) => void this.#loader.fallBack(error),
      rivalFailed: (error) => this.#dropRival(error),
    });
  }

  /** Listen to the controls, and load the first model. */
  async start(): Promise<void> {
    wireSources((opening) => void this.#show(opening));
    stop.addEventListener("click", () => this.#end());
    save.addEventListener("click", () => canvas.toBlob(download));
    // A person who chooses another model gets that one.
    await this.#choose(twinsOf(this.#artifacts, this.#models.chosen));
  }

  #take({ labels, timing }: Segmented | Drawn, asked: number): void {
    this.#showStats();
    if (labels) this.#describePicture(sharesOf(labels, this.#classes.length));
    const milliseconds = this.#studio.stats.total ?? totalOf(timing);
    this.#showCost(this.#models.chosen, this.#loader.running, milliseconds);
    this.#holdRate(asked);
  }

  #restyle(): void {
    this.#studio.inStep = this.#looks.inStep;
    const look = this.#looks.look(this.#legend.kept);
    this.#picture.look = look;
    this.#rivalPicture.look = look;
    this.#studio.redraw();
    this.#showAbsence();
  }

  #showAbsence(): void {
    const { effect, kept } = this.#looks.look(this.#legend.kept);
    const absence = effect === "none" ? null : this.#watch.absence(this.#classes, kept);
    this.#notice.show(absence, this.#classes, performance.now(), this.#isStill());
  }

  #isStill(): boolean {
    return this.#studio.source?.isStill ?? true;
  }

  #showStats(): void {
    const now = performance.now();
    if (!this.#isStill() && now - this.#lastStats < STATS_PAUSE_MS) return;
    this.#lastStats = now;
    const rows = this.#studio.stats.rows(this.#isStill());
    statsList.replaceChildren(
      ...rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
    );
  }

  #describePicture(shares: readonly number[]): void {
    const now = performance.now();
    this.#legend.showShares(shares, now, this.#isStill());
    this.#watch.add(shares, now, this.#isStill());
    this.#showAbsence();
    const seen = [...this.#classes.keys()]
      .filter((index) => (shares[index] ?? 0) >= 0.01)
      .map((index) => `${this.#classes[index]} ${Math.round((shares[index] ?? 0) * 100)} %`);
    canvas.setAttribute("aria-label", `The ${this.#studio.source?.name}: ${seen.join(", ")}`);
  }

  #showCost(artifact: Listed, backend: Backend, milliseconds: number | null): void {
    if (milliseconds !== null) this.#costs.set(artifact, backend, milliseconds);
    this.#models.showCost(artifact, milliseconds);
  }

  /** Change to another size when the rate asks for it; not while a backend is looked for. */
  #holdRate(asked: number): void {
    if (this.#loader.isLooking || this.#isStill()) return;
    const next = this.#autopilot.frame(asked, performance.now());
    if (next) void this.#loader.change(next);
  }

  async #measureAll(signal: AbortSignal): Promise<void> {
    if (!this.#studio.source) throw new SourceError("Open a photo, a video or the camera first.");
    calm();
    const frame = await createImageBitmap(this.#studio.source.frame);
    const jobs = this.#artifacts.map((artifact) => ({
      artifact,
      backend: this.#loader.backendOf(artifact),
    }));
    this.#studio.isPaused = true;
    try {
      await this.#measuring.run(jobs, frame, signal, ({ artifact, backend }, milliseconds) =>
        this.#showCost(artifact, backend, milliseconds),
      );
    } finally {
      frame.close();
      this.#studio.isPaused = false;
      this.#autopilot.start(this.#models.chosen);
    }
  }

  async #choose(rivals: readonly Listed[] = []): Promise<void> {
    this.#autopilot.start(this.#models.chosen);
    await this.#loader.choose(rivals);
  }

  async #setRival(): Promise<void> {
    this.#studio.rival = null;
    try {
      await this.#compare.open();
      this.#match();
    } catch (error) {
      complain(error);
    }
  }

  #dropRival(error: Error): void {
    this.#compare.end();
    this.#studio.rival = null;
    complain(`The second model failed, and is compared no more: ${error.message}`);
  }

  /** Compare with the second model, if there is one of the same classes. */
  #match(): void {
    const rival = this.#compare.rivalOf(this.#classes);
    if (rival) this.#rivalPicture.colours = rival.artifact.colours;
    this.#studio.rival = rival && { engine: rival.engine, picture: this.#rivalPicture };
  }

  /** What older labels mean is no longer known. */
  #changeClasses(classes: readonly string[]): void {
    this.#classes = classes;
    this.#watch.reset();
    this.#picture.labelled = null;
    this.#match();
  }

  #change(loaded: Loaded | null): void {
    if (loaded) {
      if (`${loaded.classes}` !== `${this.#classes}`) this.#changeClasses(loaded.classes);
      const { colours } = this.#models.chosen;
      this.#picture.colours = colours;
      this.#legend.show(this.#classes, colours);
    }
    this.#studio.loaded = loaded;
  }

  #end(): void {
    this.#opening += 1;
    this.#studio.show(null);
    this.#watch.reset();
    this.#showAbsence();
    stop.hidden = true;
    save.hidden = true;
    canvas.hidden = true;
    empty.hidden = false;
  }

  async #show(opening: Promise<PictureSource>): Promise<void> {
    const turn = ++this.#opening;
    calm();
    try {
      const source = await opening;
      if (turn !== this.#opening) {
        source.stop();
        return;
      }
      this.#studio.show(source);
      this.#watch.reset();
      this.#showAbsence();
      source.onEnd(() => {
        this.#end();
        complain("The camera gives no more pictures. Is it still plugged in?");
      });
      this.#shape(source);
      source.onResize(() => this.#shape(source));
      canvas.hidden = false;
      save.hidden = false;
      empty.hidden = true;
      stop.hidden = source.isStill;
    } catch (error) {
      if (turn === this.#opening) complain(error);
    }
  }

  #shape({ size }: PictureSource): void {
    stage.style.setProperty("--shape", `${size.width} / ${size.height}`);
  }
}

function wireSources(show: (opening: Promise<PictureSource>) => void): void {
  const file = find("#chosen-file", HTMLInputElement);
  const open = (files: FileList | null | undefined) => {
    const [chosen] = files ?? [];
    if (chosen) show(openFile(chosen));
  };
  find("#camera", HTMLButtonElement).addEventListener("click", () => show(openCamera()));
  find("#file", HTMLButtonElement).addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    open(file.files);
    file.value = "";
  });
  for (const kind of ["dragover", "dragleave", "drop"] as const) {
    stage.addEventListener(kind, (event) => {
      event.preventDefault();
      stage.classList.toggle("over", kind === "dragover");
      if (kind === "drop") open(event.dataTransfer?.files);
    });
  }
  document.addEventListener("paste", (event) => open(event.clipboardData?.files));
  // What was chosen before the page listened.
  open(file.files);
}

function download(picture: Blob | null): void {
  if (!picture) return;
  const href = URL.createObjectURL(picture);
  make("a", { href, download: "picture.png" }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

main().catch((error) => {
  say("The page does not start.");
  complain(error);
});
