// The network behind the page: one artifact at a time, labels for one frame after another.

import { type Backend, loadSegmenter, type Segmentation, type Segmenter } from "@dlconv/segment";
import { brightnessOf } from "./mask.ts";

export interface Loaded {
  readonly classes: readonly string[];
  readonly backend: string;
  readonly description: Readonly<Record<string, unknown>>;
}

/** `brightness` is that of the frame, 0 to 255, at the size of the labels. */
export interface Segmented extends Omit<Segmentation, "pixels"> {
  readonly brightness: Uint8Array;
  readonly tensors: number;
}

export interface Engine {
  /** Where it runs, for people. */
  readonly place: string;
  load(url: string, backend: Backend, progress: (share: number) => void): Promise<Loaded>;
  /** Label a frame, which is closed then. */
  segment(frame: ImageBitmap): Promise<Segmented>;
  /** End it, whatever it is busy with. */
  stop(): void;
}

/** The engine in the thread that makes it. Models change when no frame is under way. */
export class LocalEngine implements Engine {
  readonly place = "page";
  #segmenter: Segmenter | null = null;
  #lastLoad: Promise<unknown> = Promise.resolve();
  readonly #underWay = new Set<Promise<unknown>>();

  load(url: string, backend: Backend, progress: (share: number) => void): Promise<Loaded> {
    const loaded = this.#lastLoad.then(() => this.#replace(url, backend, progress));
    this.#lastLoad = loaded.catch(() => {});
    return loaded;
  }

  segment(frame: ImageBitmap): Promise<Segmented> {
    const found = this.#segment(frame).finally(() => {
      frame.close();
      this.#underWay.delete(found);
    });
    this.#underWay.add(found);
    return found;
  }

  stop(): void {
    void this.#segmenter?.dispose();
  }

  async #replace(
    url: string,
    backend: Backend,
    progress: (share: number) => void,
  ): Promise<Loaded> {
    const old = this.#segmenter;
    this.#segmenter = null;
    await Promise.allSettled(this.#underWay);
    await old?.dispose();
    const segmenter = await loadSegmenter(url, {
      backend,
      progress: (done, total) => progress(done / total),
    });
    this.#segmenter = segmenter;
    const { classes, description } = segmenter;
    return { classes, backend: segmenter.backend, description };
  }

  async #segment(frame: ImageBitmap): Promise<Segmented> {
    const segmenter = this.#segmenter;
    if (!segmenter) throw new Error("no model is loaded");
    const { pixels, ...found } = await segmenter.segment(frame);
    return { ...found, brightness: brightnessOf(pixels), tensors: segmenter.tensors };
  }
}
