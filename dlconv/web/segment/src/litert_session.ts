// A LiteRT artifact as a session: LiteRT.js with wasm on one thread.
//
// On WebGPU LiteRT.js 2.5.3 gives some pixels labels that no class has (its ARG_MAX), so that is not
// offered. Two threads took as long as one where they were measured, and would be another 9 MB.

import {
  type CompiledModel,
  Environment,
  loadAndCompile,
  loadLiteRt,
  supportsFeature,
  Tensor,
} from "@litertjs/core";
import { version } from "@litertjs/core/package.json";

import { BackendError } from "./errors.ts";
import type { Pixels, Size } from "./framing.ts";
import { type BuildName, locateLitert } from "./litert_wasm.ts";
import { startedWith, type UrlOf } from "./runtime_files.ts";
import type { Answer, Session } from "./session.ts";
import { Turns } from "./turns.ts";

// LiteRT.js asks for a device of WebGPU as it starts, and warns where there is none.
Environment.create = async () => new Environment({ webGpuDevice: null });

const turns = new Turns();
/** LiteRT.js starts once in a thread, for all models. */
let isStarted = false;

export async function openLitert(file: Uint8Array, urlOf: UrlOf): Promise<Session> {
  const isRelaxed = await supportsFeature("relaxedSimd");
  const build = isRelaxed ? "litert_wasm_internal" : "litert_wasm_compat_internal";
  const model = await turns
    .run(() => open(file, build, urlOf))
    .catch((error: Error) => {
      throw new BackendError(`LiteRT cannot start on wasm: ${error.message}`);
    });

  async function infer(pixels: Pixels, { width, height }: Size): Promise<Answer> {
    const started = performance.now();
    const input = new Tensor(pixels, [1, height, width, 3]);
    const uploaded = performance.now();
    const [output] = await model.run([input]);
    const inferred = performance.now();
    const values = (await output!.data()) as ArrayLike<number>;
    const timing = {
      upload: uploaded - started,
      inference: inferred - uploaded,
      readBack: performance.now() - inferred,
    };
    const { dimensions } = output!.type.layout;
    input.delete();
    output!.delete();
    return { values, depth: dimensions.length === 4 ? dimensions[3]! : 1, timing };
  }

  return {
    backend: "wasm",
    description: {
      litert: version,
      backend: "wasm",
      simd: true,
      relaxed_simd: isRelaxed,
      threads: 1,
    },
    tensors: 0,
    infer,
    draw: null,
    dispose: async () => model.delete(),
  };
}

async function open(file: Uint8Array, build: BuildName, urlOf: UrlOf): Promise<CompiledModel> {
  if (!isStarted) await start(build, urlOf);
  return loadAndCompile(file, { accelerator: "wasm", cpuOptions: { numThreads: 1 } });
}

async function start(build: BuildName, urlOf: UrlOf): Promise<void> {
  locateLitert(urlOf);
  await startedWith([urlOf(`${build}.wasm`)], loadLiteRt(`${build}.js`));
  isStarted = true;
}
