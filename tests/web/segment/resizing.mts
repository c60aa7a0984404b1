// Resizes photos for test_resize.py, in frames on stdin and stdout:  {from, to} + RGBA  ->  RGBA

// @ts-expect-error: it has no types
import { readFrames, writeFrame } from "../../../dlconv/web/runner/frames.mjs";
import { Resizer } from "../../../dlconv/web/segment/src/resize.ts";

for await (const { header, payload } of readFrames(process.stdin)) {
  const resizer = new Resizer(header.from, header.to);
  await writeFrame(process.stdout, {}, resizer.resize(new Uint8ClampedArray(payload)));
}
