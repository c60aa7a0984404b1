// What the runtimes have in common: photos of one size go in, a number per pixel or scores come out.

import type { Pixels, Size } from "./framing.ts";
import type { MaskStyle } from "./mask.ts";

/** How long the parts of a segmentation took, in milliseconds. */
export interface Timing {
  /** Reading the photo's pixels and giving them to the backend. */
  readonly upload: number;
  readonly inference: number;
  /** Getting the labels back from the backend. */
  readonly readBack: number;
}

/** Labels, or `depth` scores for each pixel. */
export interface Scores {
  readonly values: ArrayLike<number | bigint>;
  readonly depth: number;
}

export interface Answer extends Scores {
  readonly timing: Timing;
}

/** What is to be drawn of a photo, which is in the upper left corner of its frame. */
export interface Drawing {
  readonly photo: Size;
  readonly style: MaskStyle;
  readonly wantsLabels: boolean;
}

/** A mask that never left the GPU, and the labels where they are wanted, which come later. */
export interface Drawn {
  readonly mask: ImageBitmap;
  readonly scores: Promise<Scores> | null;
  readonly timing: Timing;
}

export interface Session {
  /** The name of the backend that runs, such as wasm. */
  readonly backend: string;
  readonly description: Readonly<Record<string, unknown>>;
  /** How many tensors are held. */
  readonly tensors: number;
  infer(pixels: Pixels, frame: Size): Promise<Answer>;
  /** Draw a mask without reading it back; null where that is not to be had. */
  readonly draw: ((pixels: Pixels, frame: Size, drawing: Drawing) => Promise<Drawn>) | null;
  dispose(): Promise<void>;
}
