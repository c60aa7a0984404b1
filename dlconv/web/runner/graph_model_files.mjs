// Reads the files of a TF.js graph model, strictly: TF.js itself fills what a short shard lacks
// with whatever comes next, so every size is checked against the weights manifest here.
//
// `read(name)` resolves to a file's bytes, a Uint8Array, or rejects with why it cannot be read.

const BYTES_PER_ELEMENT = {
  float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2, complex64: 8,
};

export async function readGraphModel(read) {
  const model = JSON.parse(new TextDecoder().decode(await read("model.json")));
  if (!model.modelTopology?.node) throw new Error("model.json holds no graph (modelTopology.node)");
  if (!Array.isArray(model.weightsManifest)) throw new Error("model.json has no weightsManifest");
  const groups = [];
  for (const group of model.weightsManifest) groups.push(await readGroup(read, group));
  return {
    format: model.format,
    generatedBy: model.generatedBy,
    convertedBy: model.convertedBy,
    signature: model.signature,
    userDefinedMetadata: model.userDefinedMetadata,
    modelTopology: model.modelTopology,
    modelInitializer: model.modelInitializer,
    initializerSignature: model.initializerSignature,
    weightSpecs: model.weightsManifest.flatMap((group) => group.weights),
    weightData: joined(groups).buffer,
  };
}

async function readGroup(read, { paths, weights }) {
  const shards = [];
  for (const name of paths) {
    shards.push(await read(name).catch((error) => {
      throw new Error(`weight shard ${name}: ${error.message}`);
    }));
  }
  const bytes = joined(shards);
  const wanted = weights.reduce((sum, weight) => sum + byteLength(weight), 0);
  if (bytes.length !== wanted) {
    throw new Error(`weight shards ${paths.join(", ")} hold ${bytes.length} bytes, ` +
      `the weights manifest says ${wanted}`);
  }
  return bytes;
}

function byteLength({ name, shape, dtype, quantization }) {
  const stored = quantization?.dtype ?? dtype;
  const size = BYTES_PER_ELEMENT[stored];
  if (size === undefined) throw new Error(`weight ${name} has dtype ${stored}, which has no fixed size`);
  return shape.reduce((product, extent) => product * extent, size);
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
