// The artifacts that the page can run, as the server or the export lists them.

import type { Backend, Colour } from "@dlconv/segment";
import { fetched } from "./fetched.ts";
import type { SelfCheck } from "./self_check.ts";

export interface Listed {
  /** The artifact's folder. */
  readonly url: string;
  readonly model: string;
  readonly title: string;
  readonly target: "tfjs" | "onnx" | "litert";
  readonly bytes: number;
  /** Height and width. */
  readonly crop: readonly [number, number] | null;
  /** The colour of each class in the dataset's pictures. */
  readonly colours: readonly Colour[];
  /** What its labels have to be; null where that is not known. */
  readonly check: SelfCheck | null;
}

export interface Listing {
  readonly artifacts: readonly Listed[];
  /** Whether a service worker keeps the page for visits without a network. */
  readonly isKept: boolean;
}

export async function listArtifacts(): Promise<Listing> {
  const answer = await fetched("artifacts.json");
  const { artifacts, isKept }: Listing = await answer.json();
  // The list has them relative to the page; a worker has another place.
  const placed = artifacts.map((each) => ({
    ...each,
    url: new URL(each.url, document.baseURI).href,
  }));
  return { artifacts: placed, isKept };
}

const BACKENDS: Readonly<Record<Listed["target"], readonly Backend[]>> = {
  tfjs: ["wasm", "webgl", "webgpu"],
  onnx: ["wasm", "webgpu"],
  litert: ["wasm"],
};

/** Where an artifact can run in this browser, the safest first. */
export function backendsFor({ target }: Listed): readonly Backend[] {
  return BACKENDS[target].filter((name) => name !== "webgpu" || "gpu" in navigator);
}

/** Those for LiteRT that are made of the same network as another one, to the same choices. */
export function twinsOf(artifacts: readonly Listed[], chosen: Listed): Listed[] {
  return artifacts.filter(
    (each) =>
      each !== chosen &&
      each.target === "litert" &&
      each.check !== null &&
      each.model === chosen.model &&
      String(each.crop) === String(chosen.crop) &&
      choicesOf(each) === choicesOf(chosen),
  );
}

/** Its title without the target, and without the size, which is that of the crop in any case. */
function choicesOf({ title, target, crop }: Listed): string {
  const words = title.slice(target.length).split(" ");
  return words.filter((word) => word && word !== crop?.join("x")).join(" ");
}

/** Those that this device has what it takes for. */
export async function backendsHere(artifact: Listed): Promise<readonly Backend[]> {
  const backends = backendsFor(artifact);
  return (await hasWebgpu()) ? backends : backends.filter((name) => name !== "webgpu");
}

async function hasWebgpu(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  return Boolean(await gpu?.requestAdapter().catch(() => null));
}
