// What dlconv.bench.page drives: one way to put a frame on magenta, in a page of its own.

import { openArticle } from "./article.ts";
import { openEngine } from "./engine.ts";
import { openMediapipe } from "./mediapipe.ts";
import type { Open, Remover } from "./remover.ts";

const WAYS: Readonly<Record<string, Open>> = {
  engine: openEngine,
  article: openArticle,
  mediapipe: openMediapipe,
};

/** The longest side of a frame, that of a webcam's. */
const LONGEST_SIDE = 640;
const MAGENTA = [255, 0, 255];

const frame = document.createElement("canvas");
const result = document.createElement("canvas");
let photo: ImageBitmap;
let remover: Remover;

/** Load what a way needs; resolves to what it runs on. */
async function open(way: string, artifact: string): Promise<Readonly<Record<string, unknown>>> {
  photo = await createImageBitmap(await (await fetch("photo")).blob());
  const scale = LONGEST_SIDE / Math.max(photo.width, photo.height);
  for (const canvas of [frame, result]) {
    canvas.width = Math.round(photo.width * scale);
    canvas.height = Math.round(photo.height * scale);
  }
  remover = await WAYS[way]!(artifact);
  return { ...remover.description, frame: [frame.height, frame.width] };
}

/** Put the photo on magenta once; resolves to the milliseconds, and the share that was kept. */
async function run(): Promise<{ milliseconds: number; kept: number }> {
  const context = result.getContext("2d")!;
  frame.getContext("2d")!.drawImage(photo, 0, 0, frame.width, frame.height);
  frame.getContext("2d")!.getImageData(0, 0, 1, 1);
  const started = performance.now();
  await remover.remove(frame, context);
  // A pixel is only there when everything that was asked for has been drawn.
  context.getImageData(0, 0, 1, 1);
  return { milliseconds: performance.now() - started, kept: keptShare(context) };
}

function keptShare(context: CanvasRenderingContext2D): number {
  const { data } = context.getImageData(0, 0, result.width, result.height);
  let kept = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (MAGENTA.some((value, channel) => data[at + channel] !== value)) kept += 1;
  }
  return kept / (result.width * result.height);
}

Object.assign(globalThis, { bench: { open, run } });
