// A TF.js artifact as a session.

import * as tf from "@tensorflow/tfjs-core";

import type { Read } from "./files.ts";
import type { Pixels, Size } from "./framing.ts";
import { type Gpu, startGpu } from "./gpu.ts";
import { startedWith, type UrlOf } from "./runtime_files.ts";
import type { Answer, Drawing, Drawn, Scores, Session } from "./session.ts";
import { cutOut, TensorMask } from "./tfjs_mask.ts";
import { describeBackend, locateWasm, readModel, startBackend, WASM_FILES } from "./tfjs_model.ts";
import { Turns } from "./turns.ts";

export type TfjsBackend = "wasm" | "webgl" | "webgpu";

const turns = new Turns();

/** `classes` is how many there are. */
export async function openTfjs(
  read: Read,
  backend: TfjsBackend,
  urlOf: UrlOf,
  classes: number,
): Promise<Session> {
  const { gpu, description } = await turns.run(() => start(backend, urlOf));
  const newModel = await readModel(read);
  const model = await begun(async () => newModel());
  const dtype = model.inputs[0]!.dtype as "float32" | "int32";
  const mask = new TensorMask(classes);

  /** What is computed before the work first awaits is computed on the backend. */
  function begun<T>(work: () => Promise<T>): Promise<T> {
    return turns.begin(() => (gpu ? gpu.loss.guard(() => onBackend(work)) : onBackend(work)));
  }

  function onBackend<T>(work: () => Promise<T>): Promise<T> {
    // One that was started is current at once.
    if (tf.getBackend() !== backend) void tf.setBackend(backend);
    return work();
  }

  function uploaded(pixels: Pixels, { width, height }: Size): tf.Tensor4D {
    const typed = dtype === "float32" ? Float32Array.from(pixels) : Int32Array.from(pixels);
    return tf.tensor4d(typed, [1, height, width, 3], dtype);
  }

  async function infer(pixels: Pixels, frame: Size): Promise<Answer> {
    const watch = new Watch();
    const output = tf.tidy(() => {
      const input = uploaded(pixels, frame);
      watch.lap("upload");
      return model.predict(input) as tf.Tensor;
    });
    watch.lap("inference");
    const scores = await readBack(output);
    watch.lap("readBack");
    return { ...scores, timing: watch.timing };
  }

  async function draw(gpu: Gpu, pixels: Pixels, frame: Size, drawing: Drawing): Promise<Drawn> {
    const { photo, style, wantsLabels } = drawing;
    const watch = new Watch();
    let drawn!: ImageBitmap;
    const output = tf.tidy(() => {
      const input = uploaded(pixels, frame);
      watch.lap("upload");
      const output = model.predict(input) as tf.Tensor;
      const labels = cutOut(labelsOf(output), photo);
      drawn = gpu.draw(mask.next(labels, cutOut(input, photo), style));
      return output;
    });
    const scores = wantsLabels ? readBack(output) : null;
    // When the mask fails, too, nobody is left to hear of it.
    scores?.catch(() => {});
    if (!wantsLabels) output.dispose();
    await gpu.done();
    watch.lap("inference");
    return { mask: drawn, scores, timing: watch.timing };
  }

  return {
    backend,
    description,
    get tensors() {
      return tf.engine().state.numTensors;
    },
    infer: (pixels, frame) => begun(() => infer(pixels, frame)),
    draw: gpu?.draws
      ? (pixels, frame, drawing) => begun(() => draw(gpu, pixels, frame, drawing))
      : null,
    dispose: async () => {
      mask.dispose();
      model.dispose();
    },
  };
}

interface Started {
  /** What the backend gives beside its kernels; null on the processor. */
  readonly gpu: Gpu | null;
  readonly description: Record<string, unknown>;
}

async function start(backend: TfjsBackend, urlOf: UrlOf): Promise<Started> {
  const gpu = backend === "wasm" ? await startWasm(urlOf) : await startGpu(backend);
  return { gpu, description: await describeBackend() };
}

async function startWasm(urlOf: UrlOf): Promise<null> {
  locateWasm(urlOf);
  await startedWith(WASM_FILES.map(urlOf), startBackend("wasm"));
  return null;
}

function labelsOf(output: tf.Tensor): tf.Tensor3D {
  return output.rank === 4 ? tf.argMax(output, 3) : tf.cast(output as tf.Tensor3D, "int32");
}

/** What an output holds, which is disposed of then. */
async function readBack(output: tf.Tensor): Promise<Scores> {
  try {
    const values = await output.data();
    return { values, depth: output.rank === 4 ? output.shape[3]! : 1 };
  } finally {
    output.dispose();
  }
}

/** How long the parts of a segmentation take, one after another. */
class Watch {
  readonly timing = { upload: 0, inference: 0, readBack: 0 };
  #last = performance.now();

  lap(part: keyof Watch["timing"]): void {
    const now = performance.now();
    this.timing[part] = now - this.#last;
    this.#last = now;
  }
}
