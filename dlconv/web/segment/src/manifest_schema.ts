// Made by `make types` from `dlconv schema manifest`; changes made here are lost.

/**
 * All that is said about an artifact.
 *
 * `same_function` is false for an artifact of another resolution than the frozen graph's, whose
 * labels need not be the frozen graph's. With precision `auto`, `options["floors"]` are the
 * floors that the weights' precisions were chosen for.
 */
export interface Manifest {
  readonly schema?: 1;
  readonly target: "tfjs" | "onnx" | "tensorflow";
  readonly precision: "float32" | "float16" | "uint16" | "uint8" | "auto";
  readonly converter: string;
  readonly source: Source;
  readonly contract: Contract;
  readonly classes: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly same_function?: boolean;
  readonly tensors?: readonly TensorEntry[];
  readonly files?: readonly FileEntry[];
}

/** What a graph promises, and why that is thought. */
export interface Contract {
  readonly input: TensorSpec;
  readonly output: TensorSpec;
  readonly crop: readonly [number, number] | null;
  readonly crop_reason: string;
  readonly classes: number | null;
  readonly classes_reason: string;
}

/** One file of an artifact; it lies beside the manifest. */
export interface FileEntry {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * The frozen graph an artifact was made from, and the tarball it came in, if any.
 *
 * `model` is the registry's name, or a name taken from the path of a graph given as a file.
 */
export interface Source {
  readonly model: string;
  readonly graph_bytes: number;
  readonly graph_sha256: string;
  readonly url?: string | null;
  readonly tarball_bytes?: number | null;
  readonly tarball_sha256?: string | null;
}

/**
 * A quantized constant: its storage type, shape, least and greatest value, and bytes.
 *
 * `divergence` (nats) and `disagreement` (share of labels, 0 to 1) are what rounding this one
 * alone costs; null where that was not measured.
 */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly minimum: number;
  readonly maximum: number;
  readonly bytes: number;
  readonly divergence?: number | null;
  readonly disagreement?: number | null;
}

/** A tensor at the border of a network. */
export interface TensorSpec {
  readonly node: string;
  readonly dtype: string;
  readonly shape: readonly (number | null)[] | null;
  readonly reason?: string;
}
