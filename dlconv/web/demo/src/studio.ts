// Brings a source, the engine and the picture together: every frame is drawn with the newest mask,
// and the engine gets the newest frame as soon as it can take one.

import { type Difference, differenceOf } from "./difference.ts";
import type { Drawn, Engine, Loaded, Segmented } from "./engine.ts";
import type { Picture } from "./picture.ts";
import type { Frame, PictureSource } from "./sources.ts";
import { Stats } from "./stats.ts";

/** Of a GPU that draws the masks, labels are read back once in so many, and once in so long. */
const LABELS_EVERY = 10;
const LABELS_PAUSE_MS = 1000;

/** A second model, which labels the same frames. */
export interface Rival {
  readonly engine: Engine;
  readonly picture: Picture;
}

export interface Listener {
  drawn(): void;
  /**
   * Told of each mask. Labels that a GPU keeps are null, but for those that were read back; `asked`
   * is when the frame was taken, as performance.now() has it.
   */
  segmented(found: Segmented | Drawn, asked: number): void;
  /** Told the share of the pixels in which the two models differ. */
  compared(share: number): void;
  failed(error: Error): void;
  /** Told when it is the second model that failed. */
  rivalFailed(error: Error): void;
}

class RivalError extends Error {}

export class Studio {
  /** Whether a frame waits for its own mask. */
  inStep = false;
  stats = new Stats();
  readonly #engine: Engine;
  readonly #picture: Picture;
  readonly #listener: Listener;
  #source: PictureSource | null = null;
  #loaded: Loaded | null = null;
  #rival: Rival | null = null;
  #difference: Difference | null = null;
  #asked = 0;
  #isPaused = false;
  /** Masks since labels were asked for, and when that was. */
  #unread = LABELS_EVERY;
  #lastRead = -LABELS_PAUSE_MS;
  /** What comes back for an older source or model is not drawn. */
  #epoch = 0;

  constructor(engine: Engine, picture: Picture, listener: Listener) {
    this.#engine = engine;
    this.#picture = picture;
    this.#listener = listener;
  }

  get source(): PictureSource | null {
    return this.#source;
  }

  /** Show another source; null for none. */
  show(source: PictureSource | null): void {
    this.#source?.stop();
    this.#source = source;
    this.#startAnew();
    this.#picture.labelled = null;
    if (!source) return;
    this.#draw(source.frame);
    void this.#feed();
    source.onFrame(() => {
      if (!this.inStep || !this.#picture.hasMask) this.#draw(source.frame);
      void this.#feed();
    });
  }

  /** Label with another model, or with none while it is loaded. */
  set loaded(loaded: Loaded | null) {
    this.#loaded = loaded;
    this.#startAnew();
    void this.#feed();
  }

  /** Compare with another model from now on; null for none. */
  set rival(rival: Rival | null) {
    this.#rival = rival;
    this.#startAnew();
    this.redraw();
    void this.#feed();
  }

  /** While it is paused no frame is labelled. */
  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    void this.#feed();
  }

  /** Draw the last frame again, after a setting was changed. */
  redraw(): void {
    if (this.#source) this.#draw(this.#source.frame);
  }

  #startAnew(): void {
    this.#epoch += 1;
    this.#difference = null;
    this.#unread = LABELS_EVERY;
    this.#lastRead = -LABELS_PAUSE_MS;
    if (this.#rival) this.#rival.picture.labelled = null;
    this.stats = new Stats();
  }

  /** On a GPU the next frame is submitted before the last one is done. */
  get #depth(): number {
    return this.#loaded?.backend === "wasm" ? 1 : 2;
  }

  async #feed(): Promise<void> {
    const source = this.#source;
    if (!source || !this.#loaded || this.#isPaused || this.#asked >= this.#depth) return;
    const epoch = this.#epoch;
    const asked = performance.now();
    this.#asked += 1;
    let shown: ImageBitmap | null = null;
    try {
      const frame = await createImageBitmap(source.frame);
      if (this.inStep) shown = await createImageBitmap(frame);
      const [found, take] = await (this.#draws(source)
        ? this.#drawn(frame)
        : this.#labelled(frame));
      if (epoch === this.#epoch) {
        take();
        if (this.inStep || source.isStill) this.#draw(shown ?? source.frame);
        this.stats.segmented(found.timing, found.tensors, performance.now());
        this.#listener.segmented(found, asked);
      } else if ("mask" in found) {
        found.mask.close();
      }
    } catch (error) {
      if (epoch === this.#epoch) this.#tell(error as Error);
    } finally {
      shown?.close();
      this.#asked -= 1;
      // A source or model that came meanwhile has waited for this.
      if (epoch !== this.#epoch) void this.#feed();
    }
  }

  #tell(error: Error): void {
    if (error instanceof RivalError) this.#listener.rivalFailed(error);
    else this.#listener.failed(error);
  }

  /** Masks of frames that follow each other stay on the GPU; a photo's is drawn anew for each look. */
  #draws(source: PictureSource): boolean {
    return Boolean(this.#loaded?.draws) && !source.isStill && !this.#rival;
  }

  /** Have a frame's mask drawn; what takes it comes with it. */
  async #drawn(frame: ImageBitmap): Promise<[Drawn, () => void]> {
    const { style } = this.#picture;
    const found = await this.#engine.draw(frame, style, this.#areLabelsDue());
    return [found, () => this.#picture.take(found.mask, style)];
  }

  #areLabelsDue(): boolean {
    const now = performance.now();
    this.#unread += 1;
    if (this.#unread <= LABELS_EVERY || now - this.#lastRead < LABELS_PAUSE_MS) return false;
    this.#unread = 0;
    this.#lastRead = now;
    return true;
  }

  /** Have a frame labelled, by both models where there are two; what takes it comes with it. */
  async #labelled(frame: ImageBitmap): Promise<[Segmented, () => void]> {
    const rival = this.#rival;
    const copy = rival && (await createImageBitmap(frame));
    const [found, other] = await Promise.all([
      this.#engine.segment(frame),
      rival && copy ? labelledBy(rival, copy) : null,
    ]);
    const take = () => {
      if (rival && other) {
        rival.picture.labelled = other;
        this.#difference = differenceOf(found, other);
        this.#listener.compared(this.#difference.share);
      }
      this.#picture.labelled = found;
    };
    return [found, take];
  }

  #draw(frame: Frame): void {
    if (!this.#source) return;
    const started = performance.now();
    this.#picture.draw(frame, this.#source.size);
    if (this.#rival?.picture.hasMask) {
      this.#rival.picture.draw(frame, this.#source.size);
      this.#picture.splitWith(this.#rival.picture, this.#difference);
    }
    const now = performance.now();
    this.stats.drawn(now - started, now);
    this.#listener.drawn();
  }
}

function labelledBy({ engine }: Rival, frame: ImageBitmap): Promise<Segmented> {
  return engine.segment(frame).catch(({ message }: Error) => {
    throw new RivalError(message);
  });
}
