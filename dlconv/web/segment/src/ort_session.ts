// An ONNX artifact as a session.

import type * as Ort from "onnxruntime-web/wasm";

import { BackendError } from "./errors.ts";
import type { Pixels, Size } from "./framing.ts";
import { Loss } from "./loss.ts";
import { describeOrt, openModel } from "./ort_model.ts";
import { startedWith, type UrlOf } from "./runtime_files.ts";
import type { Answer, Session } from "./session.ts";
import { Turns } from "./turns.ts";
import { openDevice } from "./webgpu_device.ts";

export type OrtBackend = "wasm" | "webgpu";

/** The names of the files that the modules load, without their endings. */
const RUNTIMES: Readonly<Record<OrtBackend, string>> = {
  wasm: "ort-wasm-simd-threaded",
  webgpu: "ort-wasm-simd-threaded.asyncify",
};

const turns = new Turns();

const MODULES: Readonly<Record<OrtBackend, () => Promise<typeof Ort>>> = {
  wasm: () => import("onnxruntime-web/wasm"),
  webgpu: () => import("onnxruntime-web/webgpu"),
};

export async function openOrt(
  file: Uint8Array,
  backend: OrtBackend,
  urlOf: UrlOf,
): Promise<Session> {
  const device = backend === "webgpu" ? await openDevice() : undefined;
  const ort = await MODULES[backend]();
  const threads = crossOriginIsolated ? navigator.hardwareConcurrency : 1;
  const runtime = RUNTIMES[backend];
  const wasmPaths = { mjs: urlOf(`${runtime}.mjs`), wasm: urlOf(`${runtime}.wasm`) };
  const opening = { ort, wasmPaths, threads, file, device };
  const session = await turns
    .run(() => startedWith(Object.values(wasmPaths), openModel(opening)))
    .catch((error: Error) => {
      device?.destroy();
      throw new BackendError(`ONNX Runtime cannot start on ${backend}: ${error.message}`);
    });
  const [inputName, outputName] = [session.inputNames[0]!, session.outputNames[0]!];
  const loss = new Loss();
  void device?.lost.then(({ message }) => loss.tell(message));
  let last: Promise<unknown> = Promise.resolve();

  /** One after another: a session takes no photo before it has answered the last one. */
  function infer(pixels: Pixels, frame: Size): Promise<Answer> {
    const answer = last.then(() => run(pixels, frame));
    last = answer.catch(() => {});
    return answer;
  }

  async function run(pixels: Pixels, { width, height }: Size): Promise<Answer> {
    const started = performance.now();
    const dtype = pixels instanceof Float32Array ? "float32" : "uint8";
    const input = new ort.Tensor(dtype, pixels, [1, height, width, 3]);
    const uploaded = performance.now();
    const outputs = await session.run({ [inputName]: input });
    const inferred = performance.now();
    const output = outputs[outputName]!;
    const values = (await output.getData()) as ArrayLike<number | bigint>;
    const timing = {
      upload: uploaded - started,
      inference: inferred - uploaded,
      readBack: performance.now() - inferred,
    };
    const depth = output.dims.length === 4 ? output.dims[3]! : 1;
    input.dispose();
    output.dispose();
    return { values, depth, timing };
  }

  return {
    backend,
    description: describeOrt(ort, device),
    tensors: 0,
    infer: (pixels, frame) => loss.guard(() => infer(pixels, frame)),
    draw: null,
    dispose: async () => {
      // A session whose device was lost never ends.
      if (!loss.isKnown) await session.release();
      device?.destroy();
    },
  };
}
