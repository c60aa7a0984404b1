// What a browser can show, as pixels of a given size.

import type { Size } from "./framing.ts";

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

/** Reads pixels through one canvas, which is kept. */
export class PixelReader {
  #context: Context | null = null;

  /** RGBA of the source at a size; an ImageData of that size is taken as it is. */
  read(source: Source, size: Size): Uint8ClampedArray {
    const context = this.#sized(size);
    if (!(source instanceof ImageData)) {
      context.drawImage(source, 0, 0, size.width, size.height);
    } else if (source.width === size.width && source.height === size.height) {
      return source.data;
    } else {
      context.drawImage(canvasOf(source), 0, 0, size.width, size.height);
    }
    return context.getImageData(0, 0, size.width, size.height).data;
  }

  #sized({ width, height }: Size): Context {
    this.#context ??= newContext({ width, height });
    const { canvas } = this.#context;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    this.#context.imageSmoothingQuality = "high";
    // What is transparent in a source is white, as on paper.
    this.#context.fillStyle = "#fff";
    this.#context.fillRect(0, 0, width, height);
    return this.#context;
  }
}

function canvasOf(image: ImageData): HTMLCanvasElement | OffscreenCanvas {
  const context = newContext(image);
  context.putImageData(image, 0, 0);
  return context.canvas;
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
