// The artifacts that the page can run, as the server or the export lists them.

import type { Backend } from "@dlconv/segment";
import type { Colour } from "./mask.ts";

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
}

export async function listArtifacts(): Promise<readonly Listed[]> {
  const answer = await fetch("artifacts.json");
  if (!answer.ok) throw new Error(`artifacts.json cannot be fetched: HTTP ${answer.status}`);
  const { artifacts }: { artifacts: Listed[] } = await answer.json();
  // The list has them relative to the page; a worker has another place.
  return artifacts.map((each) => ({ ...each, url: new URL(each.url, document.baseURI).href }));
}

/** Where an artifact can run in this browser, the safest first. */
export function backendsFor({ target }: Listed): readonly Backend[] {
  if (target === "onnx") return ["wasm"];
  return "gpu" in navigator ? ["wasm", "webgl", "webgpu"] : ["wasm", "webgl"];
}
