// The way of the demo page: @dlconv/segment, and a mask that the canvas enlarges.

import { alphaOf, loadSegmenter } from "@dlconv/segment";
import { keptAtFirst, maskPixels } from "../../demo/src/mask.ts";
import { compose, type Remover } from "./remover.ts";

export async function openEngine(artifact: string): Promise<Remover> {
  const segmenter = await loadSegmenter(artifact);
  const kept = keptAtFirst(segmenter.classes);
  const mask = document.createElement("canvas");
  return {
    description: { backend: segmenter.backend, ...segmenter.description },
    async remove(frame, result) {
      const { labels, width, height } = await segmenter.segment(frame);
      Object.assign(mask, { width, height });
      const pixels = new ImageData(maskPixels(alphaOf(labels, kept)), width, height);
      mask.getContext("2d")!.putImageData(pixels, 0, 0);
      compose(mask, frame, result);
    },
  };
}
