// Finds the fastest backend that is correct on this device.
//
// Each one labels the photo that comes with the artifact, in a worker of its own, so that the page
// goes on meanwhile. It is correct when its labels are those that the artifact gave outside of browsers
// when the site was made.

import type { Backend } from "@dlconv/segment";
import type { Listed } from "./artifacts.ts";
import type { Engine } from "./engine.ts";
import { fetched } from "./fetched.ts";

export interface SelfCheck {
  readonly photo: string;
  /** A byte for each pixel of the photo. */
  readonly labels: string;
}

export interface Trial {
  readonly artifact: Listed;
  readonly backend: Backend;
  readonly milliseconds: number;
  /** The share of the pixels with the right label; 0 where the backend failed. */
  readonly agreement: number;
  readonly failure: string | null;
}

/** Half floats, which phones have on their GPUs, move some labels at borders. */
const CORRECT = 0.99;
const WRONG_LABELS = "wrong labels";
const LIMIT_MS = 20_000;
const STYLE = { kept: new Set([0]), colours: null, follow: true, steady: false, sequence: 0 };

export function agreement(labels: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (labels.length !== expected.length) return 0;
  let same = 0;
  for (let pixel = 0; pixel < labels.length; pixel++) {
    if (labels[pixel] === expected[pixel]) same += 1;
  }
  return same / labels.length;
}

/** The fastest of those that are correct; null when none is. */
export function fastest(trials: readonly Trial[]): Trial | null {
  return trials
    .filter((trial) => trial.agreement >= CORRECT)
    .reduce<Trial | null>(
      (best, trial) => (best && best.milliseconds <= trial.milliseconds ? best : trial),
      null,
    );
}

/** Whether all that ran gave wrong labels, and one did; what fails or is late tells nothing. */
export function areWrong(trials: readonly Trial[]): boolean {
  return !fastest(trials) && trials.some(({ failure }) => failure === WRONG_LABELS);
}

/** Try an artifact that has a check on a backend, with an engine of its own, which is stopped then. */
export async function tryBackend(
  artifact: Listed,
  backend: Backend,
  start: () => Promise<Engine>,
): Promise<Trial> {
  let engine: Engine | null = null;
  try {
    engine = await start();
    const trial = await Promise.race([measure(engine, artifact, backend), late()]);
    return {
      artifact,
      backend,
      ...trial,
      failure: trial.agreement < CORRECT ? WRONG_LABELS : null,
    };
  } catch (error) {
    const { message: failure } = error as Error;
    return { artifact, backend, milliseconds: 0, agreement: 0, failure };
  } finally {
    engine?.stop();
  }
}

async function measure(engine: Engine, { url, check }: Listed, backend: Backend) {
  const [photo, labels] = await Promise.all([
    fetched(check!.photo).then((answer) => answer.blob()),
    fetched(check!.labels).then((answer) => answer.arrayBuffer()),
  ]);
  const { draws } = await engine.load(url, backend, () => {});
  // The first run is slower: shaders are compiled.
  await engine.segment(await createImageBitmap(photo));
  // A GPU that is lost when it draws fails after it.
  if (draws) (await engine.draw(await createImageBitmap(photo), STYLE, false)).mask.close();
  const found = await engine.segment(await createImageBitmap(photo));
  const { upload, inference, readBack } = found.timing;
  return {
    milliseconds: upload + inference + readBack,
    agreement: agreement(found.labels, new Uint8Array(labels)),
  };
}

function late(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error("it takes too long")), LIMIT_MS);
  });
}
