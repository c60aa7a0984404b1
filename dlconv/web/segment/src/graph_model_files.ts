// Reads the files of a TF.js graph model, strictly: TF.js itself fills what a short shard lacks
// with whatever comes next, so every size is checked against the weights manifest here.

import type { io } from "@tensorflow/tfjs-core";

import { isBeside } from "./beside.ts";
import type { Read } from "./files.ts";

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype?: string };
}

interface Group {
  readonly paths: readonly string[];
  readonly weights: readonly Weight[];
}

const BYTES_PER_ELEMENT: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
  complex64: 8,
};

/** `read` resolves to a file's bytes, or rejects with what names it and says why it has none. */
export async function readGraphModel(read: Read): Promise<io.ModelArtifacts> {
  const model = JSON.parse(new TextDecoder().decode(await read("model.json")));
  if (!model.modelTopology?.node) throw new Error("model.json holds no graph (modelTopology.node)");
  if (!Array.isArray(model.weightsManifest)) throw new Error("model.json has no weightsManifest");
  const manifest: Group[] = model.weightsManifest;
  const groups: Uint8Array[] = [];
  for (const group of manifest) groups.push(await readGroup(read, group));
  return {
    format: model.format,
    generatedBy: model.generatedBy,
    convertedBy: model.convertedBy,
    signature: model.signature,
    userDefinedMetadata: model.userDefinedMetadata,
    modelTopology: model.modelTopology,
    modelInitializer: model.modelInitializer,
    initializerSignature: model.initializerSignature,
    weightSpecs: manifest.flatMap((group) => group.weights) as io.WeightsManifestEntry[],
    weightData: joined(groups).buffer,
  };
}

async function readGroup(read: Read, { paths, weights }: Group): Promise<Uint8Array> {
  const shards: Uint8Array[] = [];
  for (const name of paths) {
    if (!isBeside(name)) {
      throw new Error(`model.json names ${JSON.stringify(name)}, which is not a file beside it`);
    }
    shards.push(await read(name));
  }
  const bytes = joined(shards);
  const wanted = weights.reduce((sum, weight) => sum + byteLength(weight), 0);
  if (bytes.length !== wanted) {
    throw new Error(
      `weight shards ${paths.join(", ")} hold ${bytes.length} bytes, ` +
        `the weights manifest says ${wanted}`,
    );
  }
  return bytes;
}

function byteLength({ name, shape, dtype, quantization }: Weight): number {
  const stored = quantization?.dtype ?? dtype;
  const size = BYTES_PER_ELEMENT[stored];
  if (!size) throw new Error(`weight ${name} has dtype ${stored}, which has no fixed size`);
  return shape.reduce((product, extent) => product * extent, size);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
