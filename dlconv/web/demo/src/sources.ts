// Where pictures come from: a photo, the camera, a video file.

import type { Size } from "@dlconv/segment";

/** A frame that can be drawn and copied, as often as one likes. */
export type Frame = ImageBitmap | HTMLVideoElement;

export interface PictureSource {
  readonly name: string;
  /** That of the frame; a phone's camera has another one when the phone is turned. */
  readonly size: Size;
  readonly frame: Frame;
  /** A photo has one frame; others tell of each new one until they are stopped. */
  readonly isStill: boolean;
  onFrame(tell: () => void): void;
  onResize(tell: () => void): void;
  /** Told when there will be no more frames: a camera was unplugged. */
  onEnd(tell: () => void): void;
  stop(): void;
}

/** A source that cannot be had; the message is for people. */
export class SourceError extends Error {
  override name = "SourceError";
}

/** More pixels than this on a side are not drawn: the networks see far less. */
const LARGEST_SIDE = 1920;

export async function openFile(file: File): Promise<PictureSource> {
  return file.type.startsWith("video/") ? openVideo(file) : openPhoto(file);
}

/** Read a photo. Rejects with SourceError when the file is none. */
export function readPhoto(file: Blob): Promise<ImageBitmap> {
  return createImageBitmap(file).catch(() => {
    throw new SourceError("This file is not a photo that the browser can read.");
  });
}

async function openPhoto(file: Blob): Promise<PictureSource> {
  const frame = await readPhoto(file);
  return {
    name: "photo",
    size: limited(frame),
    frame,
    isStill: true,
    onFrame: () => {},
    onResize: () => {},
    onEnd: () => {},
    stop: () => frame.close(),
  };
}

async function openVideo(file: File): Promise<PictureSource> {
  const url = URL.createObjectURL(file);
  const video = newVideo();
  video.loop = true;
  video.src = url;
  const trouble = "This file is not a video that the browser can play.";
  return moving("video", video, new EventTarget(), trouble, () => URL.revokeObjectURL(url));
}

const CAMERA_TROUBLE: Readonly<Record<string, string>> = {
  NotAllowedError:
    "The camera was not allowed. Allow it beside the address of this page, then press Camera again.",
  NotFoundError: "There is no camera. A photo or a video works, too.",
  NotReadableError: "The camera is in use by another program.",
};

export async function openCamera(): Promise<PictureSource> {
  if (!navigator.mediaDevices) {
    throw new SourceError("Browsers give the camera only to pages of https:// or localhost.");
  }
  const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
  const stream = await navigator.mediaDevices
    .getUserMedia({ video: wanted, audio: false })
    .catch(({ name, message }: Error) => {
      throw new SourceError(CAMERA_TROUBLE[name] ?? `The camera does not start: ${message}`);
    });
  const video = newVideo();
  video.srcObject = stream;
  const [track] = stream.getVideoTracks();
  return moving("camera", video, track!, "The camera gives no pictures.", () => {
    for (const track of stream.getTracks()) track.stop();
  });
}

function newVideo(): HTMLVideoElement {
  return Object.assign(document.createElement("video"), { muted: true, playsInline: true });
}

async function started(video: HTMLVideoElement): Promise<void> {
  await video.play();
  if (video.videoWidth === 0) throw new Error("the video has no picture");
}

/**
 * Start a video, or leave nothing of it and reject with SourceError, which says the trouble.
 * `origin` has an event "ended" when it gives no more frames.
 */
async function moving(
  name: string,
  video: HTMLVideoElement,
  origin: EventTarget,
  trouble: string,
  release: () => void,
): Promise<PictureSource> {
  let running = true;
  const stop = () => {
    running = false;
    video.pause();
    video.removeAttribute("src");
    video.srcObject = null;
    release();
  };
  await started(video).catch(() => {
    stop();
    throw new SourceError(trouble);
  });
  return {
    name,
    get size() {
      return limited({ width: video.videoWidth, height: video.videoHeight });
    },
    frame: video,
    isStill: false,
    onFrame(tell) {
      const next = () => {
        if (!running) return;
        tell();
        wait();
      };
      const wait =
        "requestVideoFrameCallback" in video
          ? () => video.requestVideoFrameCallback(next)
          : () => requestAnimationFrame(next);
      wait();
    },
    onResize(tell) {
      video.addEventListener("resize", () => running && tell());
    },
    onEnd(tell) {
      origin.addEventListener("ended", tell, { once: true });
    },
    stop,
  };
}

function limited({ width, height }: Size): Size {
  const scale = Math.min(1, LARGEST_SIDE / Math.max(width, height));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}
