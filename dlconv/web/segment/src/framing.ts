// How a photo meets an artifact's input, and its output the photo: as dlconv verify does it.
//
// A photo is shrunk or enlarged so that it fits the crop. An artifact of a fixed size has it in the
// upper left corner, and the rest is padded with the mean pixel the network was trained with.

export interface Size {
  readonly width: number;
  readonly height: number;
}

export type Pixels = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
export type Labels = Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

const MEAN_PIXEL = { float32: 127.5, uint8: 128 } as const;

/** The largest size of a photo's shape that fits the crop. */
export function fitted(photo: Size, crop: Size): Size {
  const ratio = Math.min(crop.height / photo.height, crop.width / photo.width);
  return {
    width: Math.max(1, Math.floor(photo.width * ratio)),
    height: Math.max(1, Math.floor(photo.height * ratio)),
  };
}

/** RGB values, 0 to 255, row by row, of RGBA ones; what lies outside the photo is the mean pixel. */
export function framed(
  rgba: Uint8ClampedArray,
  photo: Size,
  frame: Size,
  dtype: "uint8" | "float32",
): Pixels {
  const count = frame.width * frame.height * 3;
  const rgb = dtype === "float32" ? new Float32Array(count) : new Uint8Array(count);
  if (frame.width !== photo.width || frame.height !== photo.height) rgb.fill(MEAN_PIXEL[dtype]);
  for (let row = 0; row < photo.height; row++) {
    let from = row * photo.width * 4;
    let to = row * frame.width * 3;
    for (let column = 0; column < photo.width; column++, from += 4, to += 3) {
      rgb[to] = rgba[from]!;
      rgb[to + 1] = rgba[from + 1]!;
      rgb[to + 2] = rgba[from + 2]!;
    }
  }
  return rgb;
}

/** The labels of the photo, those of the padding left out; `classes` is 0 for any number of them. */
export function unframed(
  labels: ArrayLike<number | bigint>,
  frame: Size,
  photo: Size,
  classes: number,
): Labels {
  const count = photo.width * photo.height;
  const found = classes > 0 && classes <= 256 ? new Uint8Array(count) : new Int32Array(count);
  for (let row = 0, to = 0; row < photo.height; row++) {
    const start = row * frame.width;
    for (let column = 0; column < photo.width; column++) {
      found[to++] = Number(labels[start + column]!);
    }
  }
  return found;
}

/** The class with the highest score of each pixel; the first of equals. */
export function bestClasses(scores: ArrayLike<number>, classes: number): Int32Array<ArrayBuffer> {
  const best = new Int32Array(scores.length / classes);
  for (let pixel = 0, at = 0; pixel < best.length; pixel++, at += classes) {
    let winner = 0;
    for (let index = 1; index < classes; index++) {
      if (scores[at + index]! > scores[at + winner]!) winner = index;
    }
    best[pixel] = winner;
  }
  return best;
}
