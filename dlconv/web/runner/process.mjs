// The loop of a Node.js process behind a runtime: one frame when its session is ready, then a frame
// {shape, dtype, ms} + labels or scores for each frame {shape, dtype} + pixels, until the input
// ends. What goes wrong is a frame {error} and an exit.

import { readFile } from "node:fs/promises";
import path from "node:path";

import { readFrames, writeFrame } from "./frames.mjs";

for (const level of ["log", "info", "debug"]) console[level] = console.error;

export async function serve(start) {
  try {
    const { description, infer } = await start(...process.argv.slice(2));
    await writeFrame(process.stdout, { ...description, node: process.versions.node });
    for await (const { header, payload } of readFrames(process.stdin)) {
      const answered = await infer(header, payload);
      await writeFrame(process.stdout, answered.header, answered.answer);
    }
  } catch (error) {
    await writeFrame(process.stdout, { error: error.message ?? String(error) });
    process.exitCode = 1;
  }
}

export function readFrom(directory) {
  return async (name) => {
    const content = await readFile(path.join(directory, name)).catch((error) => {
      throw new Error(error.code === "ENOENT" ? `${name}: missing` : error.message);
    });
    return new Uint8Array(content);
  };
}
