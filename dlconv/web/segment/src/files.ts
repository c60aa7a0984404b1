// Fetches the files of an artifact, and lets none through that is not the one its manifest names.

import { ArtifactError } from "./errors.ts";
import type { FileEntry } from "./manifest_schema.ts";

export type Read = (name: string) => Promise<Uint8Array<ArrayBuffer>>;

/** Told after each file how many bytes have come, of how many. */
export type Progress = (done: number, total: number) => void;

export interface Reading {
  readonly progress?: Progress | undefined;
  /** Ends what is being fetched; reading rejects with its reason then. */
  readonly signal?: AbortSignal | undefined;
}

/** No file of an artifact or a runtime begins so. */
const PAGE = /^\s*<(!doctype\s|html|head|body|!--|\?xml)/i;
const PAGE_BYTES = 256;

/**
 * Fetch a file's bytes. Rejects with ArtifactError when it is not there, does not all come, or the
 * host answers with a web page, as many do for addresses that they do not have.
 */
export function fetchBytes(url: URL, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  return download(url, signal).catch((error: Error) => {
    signal?.throwIfAborted();
    throw new ArtifactError(`${addressOf(url)} cannot be fetched: ${error.message}`);
  });
}

async function download(url: URL, signal: AbortSignal | null = null) {
  const answer = await fetch(url, { signal });
  if (!answer.ok) throw new Error(`HTTP status ${answer.status}`);
  const content = new Uint8Array(await answer.arrayBuffer());
  if (PAGE.test(new TextDecoder().decode(content.subarray(0, PAGE_BYTES)))) {
    throw new Error(`the answer is a web page (HTTP status ${answer.status}): is the URL right?`);
  }
  return content;
}

/** The address without what may be secret in it. */
function addressOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/**
 * Read files of an artifact by name. Throws ArtifactError for a file that the manifest does not
 * name, and for one that has another size or SHA-256 than it says.
 */
export function checkedReader(
  base: URL,
  entries: readonly FileEntry[],
  { progress, signal }: Reading = {},
): Read {
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  return async (name) => {
    const entry = entries.find(({ path }) => path === name);
    if (!entry) throw new ArtifactError(`the manifest names no file ${name}`);
    const content = await fetchBytes(new URL(encodeURIComponent(name), base), signal);
    await checkFile(entry, content);
    done += entry.bytes;
    progress?.(done, total);
    return content;
  };
}

export async function checkFile(entry: FileEntry, content: Uint8Array<ArrayBuffer>): Promise<void> {
  if (content.length !== entry.bytes) {
    throw damaged(entry, `it has ${content.length} bytes, the manifest says ${entry.bytes}`);
  }
  const found = await sha256(content);
  if (found !== entry.sha256) {
    throw damaged(entry, `its SHA-256 is ${found}, the manifest says ${entry.sha256}`);
  }
}

function damaged({ path }: FileEntry, reason: string): ArtifactError {
  return new ArtifactError(`${path} is not the file that dlconv made: ${reason}`);
}

async function sha256(content: Uint8Array<ArrayBuffer>): Promise<string> {
  if (!crypto.subtle) {
    throw new ArtifactError("digests can only be checked on a page of https:// or localhost");
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
