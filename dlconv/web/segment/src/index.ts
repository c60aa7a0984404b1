// @dlconv/segment: runs an artifact of dlconv in a browser.
//
//   const segmenter = await loadSegmenter("artifacts/mobilenetv2/tfjs-float32/");
//   const { labels, width, height } = await segmenter.segment(video);

import { BackendError } from "./errors.ts";
import { checkedReader, fetchBytes, type Progress } from "./files.ts";
import { bestClasses, fitted, framed, type Labels, type Size, unframed } from "./framing.ts";
import { entryOf, type Manifest, readManifest } from "./manifest.ts";
import type { MaskStyle } from "./mask.ts";
import { runtimeFiles, type UrlOf } from "./runtime_files.ts";
import type { Scores, Session, Timing } from "./session.ts";
import { PixelReader, type Source, sizeOf } from "./source.ts";
import type { TfjsBackend } from "./tfjs_session.ts";

export { ArtifactError, BackendError } from "./errors.ts";
export type { Progress } from "./files.ts";
export type { Labels, Size } from "./framing.ts";
export { guided } from "./guided_filter.ts";
export { alphaOf, brightnessOf, type Colour, type MaskStyle, steadied } from "./mask.ts";
export type { Timing } from "./session.ts";
export type { Source } from "./source.ts";
export type Backend = TfjsBackend;

export interface Options {
  /** Default: wasm. ONNX artifacts have no webgl, LiteRT artifacts only wasm. */
  readonly backend?: Backend;
  /** The folder with the wasm files, relative to the page. Default: that of this package. */
  readonly runtimeUrl?: string | URL;
  readonly progress?: Progress;
  /** Aborted before the segmenter is loaded, it ends the loading, which rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** The labels of a photo, row by row, as indices into the segmenter's classes. */
export interface Segmentation extends Size {
  readonly labels: Labels;
  /** RGBA of the photo at the size of the labels, as the network saw it. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly timing: Timing;
}

/** A mask that was drawn on the GPU and never left it. */
export interface DrawnMask extends Size {
  readonly mask: ImageBitmap;
  /** Where they were asked for. */
  readonly labels: Promise<Labels> | null;
  readonly timing: Timing;
}

/** More classes than a model without names for them has. */
const MANY_CLASSES = 256;

type ReadFile = () => Promise<Uint8Array<ArrayBuffer>>;

export interface Segmenter {
  /** Their names; empty where not even their number is known. */
  readonly classes: readonly string[];
  /** Photos are shrunk or enlarged to fit this size, and their labels have that size. */
  readonly crop: Size;
  readonly backend: string;
  /** What the backend runs on: versions, threads, the renderer. */
  readonly description: Readonly<Record<string, unknown>>;
  /** How many tensors the runtime holds; it stays the same from frame to frame. */
  readonly tensors: number;
  /** Label each pixel of a photo or a frame. Rejects with TypeError for one without pixels. */
  segment(source: Source): Promise<Segmentation>;
  /** Whether `draw` is to be had: on GPUs that compute with 32 bits. */
  readonly draws: boolean;
  /**
   * Draw the mask of a frame at the size of its labels. Labels are only read back, after the mask,
   * when they are asked for.
   */
  draw(source: Source, style: MaskStyle, wantsLabels?: boolean): Promise<DrawnMask>;
  /** Give back what the artifact holds. */
  dispose(): Promise<void>;
}

/**
 * Load the artifact whose folder, manifest.json or model.json is at a URL.
 *
 * Rejects with ArtifactError when a file is missing or not the one that its manifest names, and
 * with BackendError when the backend does not start here.
 */
export async function loadSegmenter(url: string | URL, options: Options = {}): Promise<Segmenter> {
  const { signal } = options;
  const folder = folderOf(new URL(url, globalThis.location?.href));
  const manifest = readManifest(
    new TextDecoder().decode(await fetchBytes(new URL("manifest.json", folder), signal)),
  );
  const session = await openSession(folder, manifest, options);
  if (signal?.aborted) await session.dispose();
  signal?.throwIfAborted();
  return segmenterOf(manifest, session);
}

function folderOf(url: URL): URL {
  const last = url.pathname.split("/").at(-1)!;
  if (last === "" || /\.(json|onnx|tflite)$/.test(last)) return new URL(".", url);
  return new URL(`${url.pathname}/`, url);
}

async function openSession(folder: URL, manifest: Manifest, options: Options): Promise<Session> {
  const read = checkedReader(folder, manifest.files, options);
  const urlOf = runtimeFiles(options.runtimeUrl);
  const backend = options.backend ?? "wasm";
  if (manifest.target === "tfjs") {
    const { openTfjs } = await import("./tfjs_session.ts");
    return openTfjs(read, backend, urlOf, manifest.classes.length || MANY_CLASSES);
  }
  const open = manifest.target === "onnx" ? openOnnx : openTflite;
  return open(() => read(entryOf(manifest)), backend, urlOf);
}

async function openOnnx(read: ReadFile, backend: Backend, urlOf: UrlOf): Promise<Session> {
  if (backend === "webgl")
    throw new BackendError("ONNX artifacts run on wasm or webgpu, not webgl");
  const file = await read();
  const { openOrt } = await import("./ort_session.ts");
  return openOrt(file, backend, urlOf);
}

async function openTflite(read: ReadFile, backend: Backend, urlOf: UrlOf): Promise<Session> {
  if (backend !== "wasm") throw new BackendError(`LiteRT artifacts run on wasm, not ${backend}`);
  const file = await read();
  const { openLitert } = await import("./litert_session.ts");
  return openLitert(file, urlOf);
}

function segmenterOf(manifest: Manifest, session: Session): Segmenter {
  const { classes, crop, fixed, input, givesLabels } = manifest;
  const reader = new PixelReader();

  function read(source: Source) {
    const started = performance.now();
    const photo = fitted(sizeOf(source), crop);
    const frame = fixed ?? photo;
    const pixels = reader.read(source, photo);
    const framedPixels = framed(pixels, photo, frame, input);
    return { photo, frame, pixels, framedPixels, reading: performance.now() - started };
  }

  function labelsOf({ values, depth }: Scores, frame: Size, photo: Size): Labels {
    const found = givesLabels ? values : bestClasses(values as ArrayLike<number>, depth);
    return unframed(found, frame, photo, classes.length);
  }

  async function segment(source: Source): Promise<Segmentation> {
    const { photo, frame, pixels, framedPixels, reading } = read(source);
    const { timing, ...scores } = await session.infer(framedPixels, frame);
    const labels = labelsOf(scores, frame, photo);
    return { ...photo, labels, pixels, timing: { ...timing, upload: timing.upload + reading } };
  }

  async function draw(source: Source, style: MaskStyle, wantsLabels = false): Promise<DrawnMask> {
    if (!session.draw) throw new BackendError(`masks are not drawn on ${session.backend}`);
    const { photo, frame, framedPixels, reading } = read(source);
    const drawing = { photo, style, wantsLabels };
    const { mask, scores, timing } = await session.draw(framedPixels, frame, drawing);
    const labels = scores?.then((found) => labelsOf(found, frame, photo)) ?? null;
    return { ...photo, mask, labels, timing: { ...timing, upload: timing.upload + reading } };
  }

  return {
    classes,
    crop,
    backend: session.backend,
    description: session.description,
    get tensors() {
      return session.tensors;
    },
    segment,
    draws: session.draw !== null,
    draw,
    dispose: () => session.dispose(),
  };
}
