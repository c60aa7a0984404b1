// The names of files that a model's file says lie beside it: shards of weights.

const LONGEST_BYTES = 255;
// Neither starts with a dot nor holds what cannot be shown, or what a path or a URL gives a meaning to.
const PLAIN = /^(?!\.)(?: |[^\p{C}\p{Z}/\\%?#:])+$/u;

/** Whether all runtimes, those that read paths and those that fetch URLs, find the same file. */
export function isBeside(name: unknown): name is string {
  if (typeof name !== "string" || !PLAIN.test(name)) return false;
  return new TextEncoder().encode(name).length <= LONGEST_BYTES;
}
