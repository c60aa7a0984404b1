// Draws a frame with its background changed, on a canvas of the frame's size.

import {
  alphaOf,
  type Colour,
  guided,
  type Labels,
  type MaskStyle,
  type Size,
  steadied,
} from "@dlconv/segment";
import type { Difference } from "./difference.ts";
import { mapPixels, maskPixels } from "./mask.ts";

export const EFFECTS = {
  magenta: "Magenta",
  transparent: "Transparent",
  blur: "Blur",
  colour: "Colour",
  picture: "Picture",
  classes: "Class map",
  none: "As it is",
} as const;

export type Effect = keyof typeof EFFECTS;

/** `colour` is #rrggbb; `strength` of the blur is 1 to 10; kept are indices of classes. */
export interface Look {
  readonly effect: Effect;
  readonly colour: string;
  readonly strength: number;
  readonly background: ImageBitmap | null;
  readonly kept: ReadonlySet<number>;
  /** Whether the border of the mask follows the edges of the picture. */
  readonly follow: boolean;
  readonly soft: boolean;
  readonly steady: boolean;
}

export interface Labelled extends Size {
  readonly labels: Labels;
  readonly brightness: Uint8Array;
}

type Drawable = ImageBitmap | HTMLVideoElement;

const MAGENTA = "#ff00ff";
const MAP_OPACITY = 0.75;
/** The border of a mask is blurred by a pixel of the mask. */
const SOFTENED = "blur(1px)";
/** How far that reaches. */
const REACH = 3;

export class Picture {
  readonly #context: CanvasRenderingContext2D;
  readonly #mask = newContext();
  readonly #small = newContext();
  readonly #padded = newContext();
  #labelled: Labelled | null = null;
  #alpha: Uint8ClampedArray | null = null;
  /** Whether what the mask's canvas holds is a class map; null while it holds nothing. */
  #isMap: boolean | null = null;
  #colours: readonly Colour[] = [];
  #look: Look;
  #sequence = 0;

  constructor(canvas: HTMLCanvasElement, look: Look) {
    this.#context = contextOf(canvas);
    this.#look = look;
  }

  get hasMask(): boolean {
    return this.#isMap !== null;
  }

  set look(look: Look) {
    this.#look = look;
    this.#forgetMasks();
    this.#drawMask();
  }

  /** What a mask has to be that is drawn elsewhere. */
  get style(): MaskStyle {
    const { kept, follow, steady, effect } = this.#look;
    const sequence = this.#sequence;
    if (effect !== "classes") return { kept, colours: null, follow, steady, sequence };
    return { kept, colours: this.#colours, follow: false, steady: false, sequence };
  }

  set colours(colours: readonly Colour[]) {
    this.#colours = colours;
    this.#drawMask();
  }

  /** The labels of the frames from now on; null when another source starts. */
  set labelled(labelled: Labelled | null) {
    if (!isOfSize(labelled, this.#labelled)) this.#forgetMasks();
    this.#labelled = labelled;
    if (!labelled) this.#isMap = null;
    this.#drawMask();
  }

  /** Take a mask that was drawn in a style elsewhere; it is closed. */
  take(mask: ImageBitmap, style: MaskStyle): void {
    this.#labelled = null;
    this.#isMap = style.colours !== null;
    const { canvas } = this.#mask;
    canvas.width = mask.width;
    canvas.height = mask.height;
    this.#mask.drawImage(mask, 0, 0);
    mask.close();
    if (this.#look.soft && !this.#isMap) this.#soften();
  }

  #forgetMasks(): void {
    this.#alpha = null;
    this.#sequence += 1;
  }

  /** Draw a frame with the last labels. */
  draw(frame: Drawable, size: Size): void {
    const { canvas } = this.#context;
    if (canvas.width !== size.width || canvas.height !== size.height) {
      canvas.width = size.width;
      canvas.height = size.height;
    }
    const context = this.#context;
    context.globalCompositeOperation = "copy";
    context.drawImage(frame, 0, 0, size.width, size.height);
    context.globalCompositeOperation = "source-over";
    const isMap = this.#look.effect === "classes";
    // A mask that was drawn for another look is not shown.
    if (this.#look.effect === "none" || this.#isMap !== isMap) return;
    if (isMap) this.#overlay(size);
    else this.#replace(frame, size);
  }

  /** Draw the right half as another picture has it, and what differs over all of it. */
  splitWith(other: Picture, difference: Difference | null): void {
    const context = this.#context;
    const { width, height } = context.canvas;
    const middle = Math.round(width / 2);
    const rest = [middle, 0, width - middle, height] as const;
    context.clearRect(...rest);
    context.drawImage(other.#context.canvas, ...rest, ...rest);
    if (difference) context.drawImage(this.#marks(difference), 0, 0, width, height);
    context.fillStyle = "#fff";
    context.fillRect(middle - 1, 0, 2, height);
  }

  #marks({ pixels, width, height }: Difference): CanvasImageSource {
    const { canvas } = this.#small;
    canvas.width = width;
    canvas.height = height;
    this.#small.putImageData(new ImageData(pixels, width, height), 0, 0);
    return canvas;
  }

  #overlay({ width, height }: Size): void {
    const context = this.#context;
    context.globalAlpha = MAP_OPACITY;
    context.imageSmoothingEnabled = false;
    context.drawImage(this.#mask.canvas, 0, 0, width, height);
    context.imageSmoothingEnabled = true;
    context.globalAlpha = 1;
  }

  #replace(frame: Drawable, size: Size): void {
    const context = this.#context;
    context.globalCompositeOperation = "destination-in";
    context.imageSmoothingEnabled = this.#look.soft;
    context.drawImage(this.#mask.canvas, 0, 0, size.width, size.height);
    context.imageSmoothingEnabled = true;
    context.globalCompositeOperation = "destination-over";
    this.#drawBackground(frame, size);
    context.globalCompositeOperation = "source-over";
  }

  #drawBackground(frame: Drawable, { width, height }: Size): void {
    const context = this.#context;
    const { effect, colour, background } = this.#look;
    if (effect === "blur") {
      context.drawImage(this.#blurred(frame, { width, height }), 0, 0, width, height);
    } else if (effect === "picture" && background) {
      const scale = Math.max(width / background.width, height / background.height);
      const [wide, high] = [background.width * scale, background.height * scale];
      context.drawImage(background, (width - wide) / 2, (height - high) / 2, wide, high);
    } else if (effect !== "transparent") {
      context.fillStyle = effect === "colour" ? colour : MAGENTA;
      context.fillRect(0, 0, width, height);
    }
  }

  /** A small copy, which is blurred when it is enlarged, in browsers without filters as well. */
  #blurred(frame: Drawable, { width, height }: Size): CanvasImageSource {
    const radius = (this.#look.strength * Math.max(width, height)) / 400;
    const shrunk = Math.max(1, radius / 2);
    const { canvas } = this.#small;
    canvas.width = Math.max(2, Math.round(width / shrunk));
    canvas.height = Math.max(2, Math.round(height / shrunk));
    this.#small.imageSmoothingQuality = "high";
    // What is blurred is transparent at its borders; there the small copy itself shows through.
    this.#small.drawImage(frame, 0, 0, canvas.width, canvas.height);
    this.#small.filter = "blur(2px)";
    this.#small.drawImage(frame, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  #drawMask(): void {
    if (!this.#labelled) return;
    const { labels, brightness, width, height } = this.#labelled;
    const { kept, follow, soft, steady, effect } = this.#look;
    const { canvas } = this.#mask;
    canvas.width = width;
    canvas.height = height;
    this.#isMap = effect === "classes";
    if (this.#isMap) {
      const pixels = mapPixels(labels, kept, this.#colours);
      this.#mask.putImageData(new ImageData(pixels, width, height), 0, 0);
      return;
    }
    const own = alphaOf(labels, kept);
    const newest = follow ? guided(own, brightness, { width, height }) : own;
    this.#alpha = steady ? steadied(newest, this.#alpha) : newest;
    this.#mask.putImageData(new ImageData(maskPixels(this.#alpha), width, height), 0, 0);
    if (soft) this.#soften();
  }

  /** Blur the mask; what the picture's edge cuts goes on beyond it, and so is not blurred there. */
  #soften(): void {
    const mask = this.#mask.canvas;
    const { width, height } = mask;
    const { canvas } = this.#padded;
    canvas.width = width + 2 * REACH;
    canvas.height = height + 2 * REACH;
    this.#padded.drawImage(mask, 0, 0, canvas.width, canvas.height);
    this.#padded.clearRect(REACH, REACH, width, height);
    this.#padded.drawImage(mask, REACH, REACH);
    this.#mask.globalCompositeOperation = "copy";
    this.#mask.filter = SOFTENED;
    this.#mask.drawImage(canvas, -REACH, -REACH);
    this.#mask.filter = "none";
    this.#mask.globalCompositeOperation = "source-over";
  }
}

function isOfSize(ours: Size | null, theirs: Size | null): boolean {
  return ours?.width === theirs?.width && ours?.height === theirs?.height;
}

function newContext(): CanvasRenderingContext2D {
  return contextOf(document.createElement("canvas"));
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser gives no 2D canvas");
  return context;
}
