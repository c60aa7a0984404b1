// What the ways have in common: a frame goes in, and is on magenta then.

export interface Remover {
  /** What it runs on. */
  readonly description: Readonly<Record<string, unknown>>;
  /** Draw the frame with its background replaced, on a canvas of its size. */
  remove(frame: HTMLCanvasElement, result: CanvasRenderingContext2D): Promise<void>;
}

/** Resolves when it is ready to run; `artifact` is the URL of a folder. */
export type Open = (artifact: string) => Promise<Remover>;

/** Draw a frame where a mask is opaque, and magenta elsewhere. */
export function compose(
  mask: CanvasImageSource,
  frame: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
): void {
  const { width, height } = frame;
  context.globalCompositeOperation = "copy";
  context.drawImage(mask, 0, 0, width, height);
  context.globalCompositeOperation = "source-in";
  context.drawImage(frame, 0, 0, width, height);
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#ff00ff";
  context.fillRect(0, 0, width, height);
}
