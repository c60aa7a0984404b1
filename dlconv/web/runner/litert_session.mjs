// A .tflite file in LiteRT.js as a session, with the face of a TF.js one (tfjs_session.mjs).
//
// LiteRT.js is a single one in a page and keeps its wasm with it. It has builds of its own for
// threads, for which a page has to be isolated, and for WebGPU, where what has no kernel there waits
// for wasm.

import { Environment, loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";
import { version } from "@litertjs/core/package.json";

import { nameOf, openDevice } from "../segment/src/webgpu_device.ts";
import { aligned } from "./payload.mjs";

export async function startLitert({ wasmPath, backend, threads, file }) {
  const isGpu = backend === "webgpu";
  const device = isGpu ? await openDevice() : undefined;
  await loadLiteRt(wasmPath, isGpu ? { jspi: true } : { threads: threads > 1 });
  const model = await loadAndCompile(file, {
    accelerator: backend,
    cpuOptions: { numThreads: isGpu ? 1 : threads },
    ...(isGpu && {
      environment: new Environment({ webGpuDevice: device }),
      gpuOptions: { precision: "fp32" },
    }),
  });
  const [input, ...otherInputs] = model.getInputDetails();
  const [output, ...otherOutputs] = model.getOutputDetails();
  if (otherInputs.length || otherOutputs.length) throw new Error("it has more than one input or output");
  return {
    description: {
      litert: version,
      backend: model.options.accelerator,
      threads: model.options.cpuOptions.numThreads,
      ...(isGpu && { renderer: nameOf(device), precision: "float32", on_gpu: coverage(model) }),
    },
    infer: (header, payload) => infer({ model, input, output }, header, payload),
  };
}

function coverage(model) {
  if (model.options.accelerator !== "webgpu") return "nothing";
  return model.isFullyAccelerated ? "everything" : "in parts";
}

async function infer({ model, input, output }, { shape, dtype }, payload) {
  checkInput(input, shape, dtype);
  const pixels = dtype === "float32" ? new Float32Array(aligned(payload)) : payload;
  const environment = model.options.environment;
  const started = performance.now();
  const given = new Tensor(pixels, shape, environment);
  const [answered] = await model.run([given]);
  const data = await answered.data();
  const ms = performance.now() - started;
  const dims = Array.from(answered.type.layout.dimensions);
  given.delete();
  answered.delete();
  const isScores = output.dtype === "float32";
  const answer = isScores ? data : Int32Array.from(data);
  return { header: { shape: dims, dtype: isScores ? "float32" : "int32", ms }, answer };
}

function checkInput(input, shape, dtype) {
  const wanted = Array.from(input.shape);
  if (String(wanted) === String(shape) && input.dtype === dtype) return;
  throw new Error(
    `LiteRT.js takes ${input.dtype} [${wanted}] here, and not ${dtype} [${shape}]: it resizes no input`,
  );
}
