// The network behind the page: one artifact at a time, labels for one frame after another.

import {
  type Backend,
  brightnessOf,
  type DrawnMask,
  type Labels,
  loadSegmenter,
  type MaskStyle,
  type Segmentation,
  type Segmenter,
} from "@dlconv/segment";

export interface Loaded {
  readonly classes: readonly string[];
  readonly backend: string;
  readonly description: Readonly<Record<string, unknown>>;
  /** Whether `draw` is to be had. */
  readonly draws: boolean;
}

/** `brightness` is that of the frame, 0 to 255, at the size of the labels. */
export interface Segmented extends Omit<Segmentation, "pixels"> {
  readonly brightness: Uint8Array;
  readonly tensors: number;
}

/** A mask, and the labels of an earlier frame when some have come back. */
export interface Drawn extends Omit<DrawnMask, "labels"> {
  readonly labels: Labels | null;
  readonly tensors: number;
}

export interface Engine {
  /** Where it runs, for people. */
  readonly place: string;
  /** A model whose turn has not come, or that is being fetched, gives way to the next one. */
  load(url: string, backend: Backend, progress: (share: number) => void): Promise<Loaded>;
  /** Label a frame, which is closed then. */
  segment(frame: ImageBitmap): Promise<Segmented>;
  /** Draw the mask of a frame, which is closed then, and ask for its labels if they are wanted. */
  draw(frame: ImageBitmap, style: MaskStyle, wantsLabels: boolean): Promise<Drawn>;
  /** End it, whatever it is busy with. */
  stop(): void;
}

/** The engine in the thread that makes it. Models change when no frame is under way. */
export class LocalEngine implements Engine {
  readonly place = "page";
  #segmenter: Segmenter | null = null;
  #lastLoad: Promise<unknown> = Promise.resolve();
  #overtake = new AbortController();
  /** Labels that nobody has been given yet. */
  #cameBack: Labels | null = null;
  readonly #underWay = new Set<Promise<unknown>>();

  load(url: string, backend: Backend, progress: (share: number) => void): Promise<Loaded> {
    this.#overtake.abort();
    this.#overtake = new AbortController();
    const { signal } = this.#overtake;
    const loaded = this.#lastLoad.then(() => this.#replace(url, backend, progress, signal));
    this.#lastLoad = loaded.catch(() => {});
    return loaded;
  }

  segment(frame: ImageBitmap): Promise<Segmented> {
    return this.#withFrame(frame, () => this.#segment(frame));
  }

  draw(frame: ImageBitmap, style: MaskStyle, wantsLabels: boolean): Promise<Drawn> {
    return this.#withFrame(frame, () => this.#draw(frame, style, wantsLabels));
  }

  stop(): void {
    this.#overtake.abort();
    void this.#segmenter?.dispose();
  }

  #withFrame<T>(frame: ImageBitmap, work: () => Promise<T>): Promise<T> {
    const found = work().finally(() => {
      frame.close();
      this.#underWay.delete(found);
    });
    this.#underWay.add(found);
    return found;
  }

  async #replace(
    url: string,
    backend: Backend,
    progress: (share: number) => void,
    signal: AbortSignal,
  ): Promise<Loaded> {
    signal.throwIfAborted();
    const old = this.#segmenter;
    this.#segmenter = null;
    await Promise.allSettled(this.#underWay);
    await old?.dispose();
    this.#cameBack = null;
    const segmenter = await loadSegmenter(url, {
      backend,
      signal,
      progress: (done, total) => progress(done / total),
    });
    this.#segmenter = segmenter;
    const { classes, description, draws } = segmenter;
    return { classes, backend: segmenter.backend, description, draws };
  }

  get #loaded(): Segmenter {
    if (!this.#segmenter) throw new Error("no model is loaded");
    return this.#segmenter;
  }

  async #segment(frame: ImageBitmap): Promise<Segmented> {
    const segmenter = this.#loaded;
    const { pixels, ...found } = await segmenter.segment(frame);
    return { ...found, brightness: brightnessOf(pixels), tensors: segmenter.tensors };
  }

  async #draw(frame: ImageBitmap, style: MaskStyle, wantsLabels: boolean): Promise<Drawn> {
    const segmenter = this.#loaded;
    const { labels, ...drawn } = await segmenter.draw(frame, style, wantsLabels);
    labels?.then(
      (found) => {
        if (this.#segmenter === segmenter) this.#cameBack = found;
      },
      () => {},
    );
    const cameBack = this.#cameBack;
    this.#cameBack = null;
    return { ...drawn, labels: cameBack, tensors: segmenter.tensors };
  }
}
