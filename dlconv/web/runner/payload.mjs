// Bytes that arrive at any offset of a buffer, as a buffer of their own that typed arrays take.

export function aligned(bytes) {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
