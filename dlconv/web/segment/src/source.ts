// What a browser can show, as pixels of a given size.

import type { Size } from "./framing.ts";
import { Resizer } from "./resize.ts";

/** Something with pixels: a photo, a frame of a video, a canvas. */
export type Source = ImageData | CanvasImageSource;

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** The size of a source in pixels of its own. Throws TypeError for one that has none yet. */
export function sizeOf(source: Source): Size {
  const size = ownSize(source);
  if (!(size.width > 0 && size.height > 0)) throw new TypeError("the source has no pixels yet");
  return size;
}

function ownSize(source: Source): Size {
  if ("videoWidth" in source) return { width: source.videoWidth, height: source.videoHeight };
  if ("naturalWidth" in source) return { width: source.naturalWidth, height: source.naturalHeight };
  if ("displayWidth" in source) return { width: source.displayWidth, height: source.displayHeight };
  return { width: Number(source.width), height: Number(source.height) };
}

/** More than this many pixels are not read; the browser shrinks larger photos to it. */
const MOST_PIXELS = 1 << 24;

/** Reads pixels through one canvas, which is kept. */
export class PixelReader {
  #context: Context | null = null;
  #resizer: Resizer | null = null;

  /** RGBA of the source at a size, as Pillow's Lanczos filter resizes it. */
  read(source: Source, size: Size): Uint8ClampedArray<ArrayBuffer> {
    const { data, width, height } = source instanceof ImageData ? source : this.#drawn(source);
    if (!this.#resizer?.fits({ width, height }, size)) {
      this.#resizer = new Resizer({ width, height }, size);
    }
    return this.#resizer.resize(data);
  }

  #drawn(source: CanvasImageSource): ImageData {
    const { width, height } = limited(sizeOf(source));
    const context = this.#sized({ width, height });
    // What is transparent in a source is white, as on paper.
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.drawImage(source, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  }

  #sized({ width, height }: Size): Context {
    this.#context ??= newContext({ width, height });
    const { canvas } = this.#context;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    return this.#context;
  }
}

function limited({ width, height }: Size): Size {
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)));
  return {
    width: Math.max(1, Math.floor(width * scale)),
    height: Math.max(1, Math.floor(height * scale)),
  };
}

function newContext({ width, height }: Size): Context {
  const canvas =
    typeof OffscreenCanvas === "undefined"
      ? Object.assign(document.createElement("canvas"), { width, height })
      : new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser gives no 2D canvas");
  return context as Context;
}
