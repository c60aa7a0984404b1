// Frames on a pair of byte streams: how dlconv's Python side and this process talk.
//
// A frame is a little-endian uint32 with the length of a JSON header, the header in UTF-8, and
// `header.bytes` bytes of payload. Photos and labels travel as payload, never as JSON.

export async function* readFrames(stream) {
  const source = new ByteSource(stream);
  for (;;) {
    const prefix = await source.take(4);
    if (prefix === null) return;
    const header = JSON.parse((await source.take(prefix.readUInt32LE(0))).toString("utf8"));
    const payload = await source.take(header.bytes ?? 0);
    yield { header, payload };
  }
}

export function writeFrame(stream, header, payload = new Uint8Array(0)) {
  const json = Buffer.from(JSON.stringify({ ...header, bytes: payload.byteLength }), "utf8");
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(json.length, 0);
  const body = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return new Promise((resolve, reject) => {
    stream.write(Buffer.concat([prefix, json, body]), (error) => (error ? reject(error) : resolve()));
  });
}

class ByteSource {
  constructor(stream) {
    this.chunks = stream[Symbol.asyncIterator]();
    this.pending = [];
    this.available = 0;
  }

  // Resolves to exactly `count` bytes, or to null when the stream ends before the first of them.
  async take(count) {
    while (this.available < count) {
      const { value, done } = await this.chunks.next();
      if (done && this.available === 0) return null;
      if (done) throw new Error(`the stream ended ${count - this.available} bytes early`);
      this.pending.push(value);
      this.available += value.length;
    }
    const all = this.pending.length === 1 ? this.pending[0] : Buffer.concat(this.pending);
    this.pending = [all.subarray(count)];
    this.available = all.length - count;
    return all.subarray(0, count);
  }
}
