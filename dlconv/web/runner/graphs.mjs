// What web runtimes share that are sent many small models, one after another, each with its inputs.

import { aligned } from "./payload.mjs";

// The arrays that hold tensors of each element type.
const HELD = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, bool: Uint8Array,
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
};

/** The inputs that a header names, {name, type, shape, bytes}, with their values from `offset` on. */
export function* inputsIn(inputs, payload, offset) {
  for (const { name, type, shape, bytes } of inputs) {
    const values = new HELD[type](aligned(payload.subarray(offset, offset + bytes)));
    yield { name, type, shape, values };
    offset += bytes;
  }
}

/** The answer for a model that the runtime does not run: the first line of what it says. */
export function failed(error) {
  const [line] = (error.message ?? String(error)).split("\n");
  return { header: { failed: line }, answer: new Uint8Array(0) };
}
