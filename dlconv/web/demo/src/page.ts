// The page: wires its controls to the studio, and says in words what goes on.

import type { Backend } from "@dlconv/segment";
import { Notice, Watch } from "./absence.ts";
import { backendsFor, backendsHere, type Listed, listArtifacts } from "./artifacts.ts";
import { Autopilot } from "./autopilot.ts";
import { Compare } from "./compare.ts";
import { Costs } from "./costs.ts";
import { find, make } from "./dom.ts";
import { type Engine, LocalEngine } from "./engine.ts";
import { Legend } from "./legend.ts";
import { Looks } from "./looks.ts";
import { sharesOf } from "./mask.ts";
import { Measuring } from "./measure.ts";
import { AUTO, Models } from "./models.ts";
import { Picture } from "./picture.ts";
import { startRemoteEngine } from "./remote_engine.ts";
import { fastest, type Trial, tryBackend } from "./self_check.ts";
import { openCamera, openFile, type PictureSource, SourceError } from "./sources.ts";
import { inMilliseconds, totalOf } from "./stats.ts";
import { Studio } from "./studio.ts";

const STATS_PAUSE_MS = 250;

const canvas = find("#picture", HTMLCanvasElement);
const state = find("#state", HTMLParagraphElement);
const message = find("#message", HTMLParagraphElement);
const statsList = find("#stats", HTMLDListElement);
const stop = find("#stop", HTMLButtonElement);
const save = find("#save", HTMLButtonElement);
const empty = find("#empty", HTMLDivElement);
const stage = find("#drop", HTMLDivElement);

function complain(error: unknown): void {
  message.textContent = error instanceof Error ? error.message : String(error);
  message.hidden = false;
}

function calm(): void {
  message.hidden = true;
}

async function startEngine(): Promise<Engine> {
  return startRemoteEngine(new URL("worker.js", document.baseURI)).catch(() => new LocalEngine());
}

async function main(): Promise<void> {
  const { artifacts, isKept } = await listArtifacts();
  // Where it cannot be, in a private window for one, the page only needs its network.
  if (isKept) navigator.serviceWorker?.register("service-worker.js").catch(() => {});
  const engine = await startEngine();
  const legend = new Legend(restyle);
  const looks = new Looks(restyle);
  const models = new Models(artifacts, () => void choose());
  const costs = new Costs();
  const autopilot = new Autopilot(
    artifacts,
    (artifact) => costs.get(artifact, backendOf(artifact)),
    () => autopilot.start(models.chosen),
  );
  const measuring = new Measuring(startEngine, (signal) => measureAll(signal).catch(complain));
  const picture = new Picture(canvas, looks.look(legend.kept));
  const studio = new Studio(engine, picture, {
    drawn: showStats,
    segmented({ labels, timing }, asked) {
      showStats();
      if (labels) describePicture(sharesOf(labels, classes.length));
      showCost(models.chosen, running, studio.stats.total ?? totalOf(timing));
      holdRate(asked);
    },
    compared: (share) => compare.showDifference(share),
    failed: (error) => void fallBack(error),
  });
  const rivalPicture = new Picture(make("canvas"), looks.look(legend.kept));
  const compare = new Compare(artifacts, startEngine, setRival);
  const watch = new Watch();
  const notice = new Notice((seen) => legend.keep(seen));
  let classes: readonly string[] = [];
  let lastStats = 0;

  function restyle(): void {
    studio.inStep = looks.inStep;
    const look = looks.look(legend.kept);
    picture.look = look;
    rivalPicture.look = look;
    studio.redraw();
    showAbsence();
  }

  function showAbsence(): void {
    const { effect, kept } = looks.look(legend.kept);
    const absence = effect === "none" ? null : watch.absence(classes, kept);
    notice.show(absence, classes, performance.now(), isStill());
  }

  function isStill(): boolean {
    return studio.source?.isStill ?? true;
  }

  function showStats(): void {
    const now = performance.now();
    if (!isStill() && now - lastStats < STATS_PAUSE_MS) return;
    lastStats = now;
    const rows = studio.stats.rows(isStill());
    statsList.replaceChildren(
      ...rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
    );
  }

  function describePicture(shares: readonly number[]): void {
    const now = performance.now();
    legend.showShares(shares, now);
    watch.add(shares, now, isStill());
    showAbsence();
    const seen = [...classes.keys()]
      .filter((index) => (shares[index] ?? 0) >= 0.01)
      .map((index) => `${classes[index]} ${Math.round((shares[index] ?? 0) * 100)} %`);
    canvas.setAttribute("aria-label", `The ${studio.source?.name}: ${seen.join(", ")}`);
  }

  function showCost(artifact: Listed, backend: Backend, milliseconds: number | null): void {
    if (milliseconds !== null) costs.set(artifact, backend, milliseconds);
    models.showCost(artifact, milliseconds);
  }

  /** Change to another size when the rate asks for it; not while a backend is looked for. */
  function holdRate(asked: number): void {
    if (looking === loading || isStill()) return;
    const next = autopilot.frame(asked, performance.now());
    if (!next) return;
    models.chosen = next;
    void load(backendOf(next));
  }

  async function measureAll(signal: AbortSignal): Promise<void> {
    if (!studio.source) throw new SourceError("Open a photo, a video or the camera first.");
    calm();
    const frame = await createImageBitmap(studio.source.frame);
    const jobs = artifacts.map((artifact) => ({ artifact, backend: backendOf(artifact) }));
    studio.isPaused = true;
    try {
      await measuring.run(jobs, frame, signal, ({ artifact, backend }, milliseconds) =>
        showCost(artifact, backend, milliseconds),
      );
    } finally {
      frame.close();
      studio.isPaused = false;
      autopilot.start(models.chosen);
    }
  }

  let loading = 0;
  let running: Backend = "wasm";
  /** Which load a backend is looked for after. */
  let looking = 0;

  /** The backend that runs, where an artifact can run on it. */
  function backendOf(artifact: Listed): Backend {
    return backendsFor(artifact).includes(running) ? running : "wasm";
  }

  /** With auto, start on wasm, which is right everywhere, and look for a faster one meanwhile. */
  async function choose(): Promise<void> {
    autopilot.start(models.chosen);
    if (models.backend !== AUTO) {
      await load(models.backend);
      return;
    }
    const { chosen } = models;
    if (!(await load("wasm"))) return;
    const turn = loading;
    const before = state.textContent;
    state.textContent = `${before} Looking for a faster backend …`;
    const trials: Trial[] = [];
    looking = turn;
    for (const backend of await backendsHere(chosen)) {
      trials.push(await tryBackend(chosen.url, backend, chosen.check!, startEngine));
      if (turn !== loading) return;
    }
    looking = 0;
    const best = fastest(trials)?.backend ?? "wasm";
    if (!fastest(trials))
      complain("No backend gives the right labels here: do not trust the mask.");
    if (best !== "wasm" && !(await load(best))) return;
    state.textContent = `${best === "wasm" ? before : state.textContent} ${inResult(trials)}`;
  }

  async function setRival(): Promise<void> {
    studio.rival = null;
    try {
      const opened = await compare.open();
      if (!opened) return;
      rivalPicture.colours = opened.artifact.colours;
      studio.rival = { engine: opened.engine, picture: rivalPicture };
    } catch (error) {
      complain(error);
    }
  }

  async function load(backend: Backend): Promise<boolean> {
    const turn = ++loading;
    const chosen = models.chosen;
    running = backend;
    studio.loaded = null;
    calm();
    state.textContent = `Loading ${chosen.model} …`;
    try {
      const loaded = await engine.load(chosen.url, backend, (share) => {
        if (turn !== loading) return;
        state.textContent = `Loading ${chosen.model}: ${Math.round(share * 100)} %`;
      });
      if (turn !== loading) return false;
      if (`${loaded.classes}` !== `${classes}`) watch.reset();
      classes = loaded.classes;
      picture.colours = chosen.colours;
      legend.show(classes, chosen.colours);
      studio.loaded = loaded;
      state.textContent = inWords(chosen, loaded.backend, loaded.description, engine.place);
      return true;
    } catch (error) {
      if (turn === loading) {
        state.textContent = "No model is loaded.";
        await fallBack(error as Error);
      }
      return false;
    }
  }

  /** What fails on a GPU is tried again without it. */
  async function fallBack(error: Error): Promise<void> {
    const failed = running;
    if (failed === "wasm" || error.name === "ArtifactError") {
      complain(error);
      return;
    }
    models.backend = "wasm";
    if (await load("wasm")) complain(`${failed} failed, so it runs on wasm now: ${error.message}`);
  }

  function end(): void {
    studio.show(null);
    watch.reset();
    showAbsence();
    stop.hidden = true;
    save.hidden = true;
    canvas.hidden = true;
    empty.hidden = false;
  }

  async function show(opening: Promise<PictureSource>): Promise<void> {
    calm();
    try {
      const source = await opening;
      studio.show(source);
      watch.reset();
      showAbsence();
      source.onEnd(() => {
        end();
        complain("The camera gives no more pictures. Is it still plugged in?");
      });
      stage.style.setProperty("--shape", `${source.size.width} / ${source.size.height}`);
      canvas.hidden = false;
      save.hidden = false;
      empty.hidden = true;
      stop.hidden = source.isStill;
    } catch (error) {
      complain(error);
    }
  }

  wireSources((opening) => void show(opening));
  stop.addEventListener("click", end);
  save.addEventListener("click", () => canvas.toBlob(download));
  await choose();
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
}

function inWords(
  { model, title }: Listed,
  backend: string,
  { threads, renderer }: Readonly<Record<string, unknown>>,
  place: string,
): string {
  const details = [threads ? `${threads} thread${threads === 1 ? "" : "s"}` : "", renderer];
  const known = details.filter(Boolean).join(", ");
  const where = place === "worker" ? "in a worker" : "in the page's own thread";
  return `${model} ${title} runs on ${backend}${known ? ` (${known})` : ""}, ${where}.`;
}

function inResult(trials: readonly Trial[]): string {
  const results = trials.map(
    ({ backend, milliseconds, failure }) => `${backend} ${failure ?? inMilliseconds(milliseconds)}`,
  );
  return `Tried here: ${results.join(", ")}.`;
}

function download(picture: Blob | null): void {
  if (!picture) return;
  const href = URL.createObjectURL(picture);
  make("a", { href, download: "picture.png" }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

main().catch((error) => {
  state.textContent = "The page does not start.";
  complain(error);
});
