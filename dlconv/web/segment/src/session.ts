// What the runtimes have in common: photos of one size go in, a number per pixel or scores come out.

import type { Pixels, Size } from "./framing.ts";

/** How long the parts of a segmentation took, in milliseconds. */
export interface Timing {
  /** Reading the photo's pixels and giving them to the backend. */
  readonly upload: number;
  readonly inference: number;
  /** Getting the labels back from the backend. */
  readonly readBack: number;
}

/** Labels, or `depth` scores for each pixel. */
export interface Answer {
  readonly values: ArrayLike<number | bigint>;
  readonly depth: number;
  readonly timing: Timing;
}

export interface Session {
  /** The name of the backend that runs, such as wasm. */
  readonly backend: string;
  readonly description: Readonly<Record<string, unknown>>;
  /** How many tensors are held. */
  readonly tensors: number;
  infer(pixels: Pixels, frame: Size): Promise<Answer>;
  dispose(): Promise<void>;
}
