// MediaPipe's Selfie Segmentation, a network for persons alone, which computes with WebGL.

import { compose, type Remover } from "./remover.ts";

const FOLDER = "mediapipe/";
/** The network for 256 x 256; 1 is that for 144 x 256. */
const MODEL = 0;

interface Results {
  readonly segmentationMask: CanvasImageSource;
}

interface SelfieSegmentation {
  setOptions(options: { modelSelection: number }): void;
  onResults(listener: (results: Results) => void): void;
  initialize(): Promise<void>;
  send(inputs: { image: HTMLCanvasElement }): Promise<void>;
}

declare const SelfieSegmentation: new (config: {
  locateFile(name: string): string;
}) => SelfieSegmentation;

export async function openMediapipe(): Promise<Remover> {
  await loadScript(`${FOLDER}selfie_segmentation.js`);
  const segmentation = new SelfieSegmentation({ locateFile: (name) => FOLDER + name });
  segmentation.setOptions({ modelSelection: MODEL });
  let found: Results | undefined;
  segmentation.onResults((results) => {
    found = results;
  });
  await segmentation.initialize();
  return {
    description: { backend: "webgl", renderer: rendererOf() },
    async remove(frame, result) {
      found = undefined;
      await segmentation.send({ image: frame });
      if (!found) throw new Error("Selfie Segmentation gave no mask");
      compose((found as Results).segmentationMask, frame, result);
    },
  };
}

function loadScript(src: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src });
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => reject(new Error(`${src} cannot be loaded`)));
    document.head.append(script);
  });
}

function rendererOf(): string {
  const gl = document.createElement("canvas").getContext("webgl2");
  const names = gl?.getExtension("WEBGL_debug_renderer_info");
  return gl ? gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER) : "none";
}
