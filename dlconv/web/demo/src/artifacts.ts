// The artifacts that the page can run, as the server or the export lists them.

import type { Backend, Colour } from "@dlconv/segment";
import { fetched } from "./fetched.ts";
import type { SelfCheck } from "./self_check.ts";

export interface Listed {
  /** The artifact's folder. */
  readonly url: string;
  readonly model: string;
  readonly title: string;
  readonly target: "tfjs" | "onnx";
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

/** Where an artifact can run in this browser, the safest first. */
export function backendsFor({ target }: Listed): readonly Backend[] {
  const backends: Backend[] = target === "onnx" ? ["wasm"] : ["wasm", "webgl"];
  return "gpu" in navigator ? [...backends, "webgpu"] : backends;
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
