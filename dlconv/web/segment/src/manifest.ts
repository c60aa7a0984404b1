// What the manifest.json beside an artifact says, as far as it takes to run it.

import { ArtifactError } from "./errors.ts";
import type { Size } from "./framing.ts";
import type * as schema from "./manifest_schema.ts";

const TARGETS = ["tfjs", "onnx", "litert"] as const satisfies readonly schema.Manifest["target"][];

/** A record whose fields, if they are there, may be anything. */
type Unchecked<T> = { readonly [field in keyof T]?: unknown };

/** `fixed` is the size of photo that the artifact takes, where it takes only one. */
export interface Manifest {
  readonly target: (typeof TARGETS)[number];
  readonly precision: string;
  readonly model: string;
  readonly classes: readonly string[];
  readonly crop: Size;
  readonly fixed: Size | null;
  readonly input: "uint8" | "float32";
  readonly givesLabels: boolean;
  readonly files: readonly schema.FileEntry[];
}

/** Read a manifest. Throws ArtifactError when it is not one of dlconv's. */
export function readManifest(text: string): Manifest {
  const given = object<schema.Manifest>(parsed(text), "the file");
  const contract = object<schema.Contract>(given.contract, "contract");
  const input = object<schema.TensorSpec>(contract.input, "contract.input");
  const fixed = fixedSize(input.shape);
  return {
    target: oneOf(TARGETS, given.target, "target"),
    precision: string(given.precision, "precision"),
    model: string(object<schema.Source>(given.source, "source").model, "source.model"),
    classes: classNames(list(given.classes, "classes"), contract.classes),
    crop: fixed ?? cropOf(contract.crop),
    fixed,
    input: oneOf(["uint8", "float32"] as const, input.dtype, "contract.input.dtype"),
    givesLabels: outputOf(given) === "labels",
    files: list(given.files, "files").map(fileEntry),
  };
}

const ENDINGS = { tfjs: "model.json", onnx: ".onnx", litert: ".tflite" } as const;

/** The file that a runtime starts from: model.json, or the ONNX or .tflite file. */
export function entryOf({ target, files }: Manifest): string {
  const suffix = ENDINGS[target];
  const entry = files.find(({ path }) => path.endsWith(suffix));
  if (!entry) throw refusal("files", `no ${suffix} among them`);
  return entry.path;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ArtifactError("manifest.json is not JSON: convert the model again");
  }
}

/** What comes out. Manifests of schema 1, which has no type here, say it among their options. */
function outputOf(given: Unchecked<schema.Manifest> & { readonly options?: unknown }): unknown {
  if ((given.schema as unknown) === 1) {
    return object<{ output: string }>(given.options, "options").output ?? "labels";
  }
  if (given.recipe === null) return "labels";
  const recipe = object<schema.Recipe>(given.recipe, "recipe");
  return object<schema.Interface>(recipe.interface, "recipe.interface").output;
}

function fileEntry(given: unknown): schema.FileEntry {
  const { path, bytes, sha256 } = object<schema.FileEntry>(given, "files");
  const name = string(path, "files.path");
  const digest = string(sha256, "files.sha256");
  if (/[/\\]|^\.{0,2}$/.test(name)) throw refusal("files.path", `${name} is no plain name`);
  if (!/^[0-9a-f]{64}$/.test(digest)) throw refusal("files.sha256", `${digest} is no digest`);
  return { path: name, bytes: extent(bytes, "files.bytes"), sha256: digest };
}

/** The names; a graph that was given as a file has none, but a number of classes. */
function classNames(names: readonly unknown[], count: unknown): string[] {
  if (names.length > 0 || count === null) return names.map((name) => string(name, "classes"));
  const length = extent(count, "contract.classes");
  return Array.from({ length }, (_, index) => `class ${index}`);
}

function cropOf(given: unknown): Size {
  const [height, width] = list(given, "contract.crop");
  return { height: extent(height, "contract.crop"), width: extent(width, "contract.crop") };
}

function fixedSize(shape: unknown): Size | null {
  if (!Array.isArray(shape) || shape.length !== 4) return null;
  const [, height, width] = shape;
  if (height === null || width === null) return null;
  return {
    height: extent(height, "contract.input.shape"),
    width: extent(width, "contract.input.shape"),
  };
}

function object<T>(given: unknown, where: string): Unchecked<T> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw refusal(where, "is no object");
  }
  return given as Unchecked<T>;
}

function list(given: unknown, where: string): unknown[] {
  if (!Array.isArray(given)) throw refusal(where, "is no list");
  return given;
}

function string(given: unknown, where: string): string {
  if (typeof given !== "string") throw refusal(where, "is no text");
  return given;
}

function extent(given: unknown, where: string): number {
  if (!Number.isInteger(given) || (given as number) < 1) throw refusal(where, "is no size");
  return given as number;
}

function oneOf<T extends string>(known: readonly T[], given: unknown, where: string): T {
  const found = known.find((name) => name === given);
  if (!found) throw refusal(where, `is ${given}, not ${known.join(" or ")}`);
  return found;
}

function refusal(where: string, reason: string): ArtifactError {
  return new ArtifactError(`manifest.json is none that this page reads: ${where} ${reason}`);
}
