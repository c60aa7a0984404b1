// Made by `make types` from `dlconv schema manifest`; changes made here are lost.

/**
 * What is known about an artifact.
 *
 * `recipe` is how it was made, null for what no recipe makes: a model of 2018 (`upgraded`),
 * and models that others made. `calibration` is set where quantization used images.
 * `same_function` is false for an artifact of another resolution than the frozen graph's, whose
 * labels need not be the frozen graph's. `backends` are those of TF.js that were measured to
 * compute each of its operations as TensorFlow does, none where that is not known.
 */
export interface Manifest {
  readonly schema?: 2;
  readonly target: "tfjs" | "onnx" | "litert" | "tensorflow";
  readonly precision: Precision;
  readonly converter: string;
  readonly source: Source;
  readonly contract: Contract;
  readonly classes: readonly string[];
  readonly recipe?: Recipe | null;
  readonly upgraded?: boolean;
  readonly calibration?: Images | null;
  readonly versions: Readonly<Record<string, string>>;
  readonly same_function?: boolean;
  readonly backends?: readonly string[];
  readonly tensors?: readonly TensorEntry[];
  readonly files?: readonly FileEntry[];
}

/** What a graph takes and gives, and how that was found. */
export interface Contract {
  readonly input: TensorSpec;
  readonly output: TensorSpec;
  readonly crop: readonly [number, number] | null;
  readonly crop_reason: string;
  readonly classes: number | null;
  readonly classes_reason: string;
}

/**
 * The nodes that the user names as input and outputs; null and () leave them to be found.
 *
 * `settings` are placeholders that become constants.
 */
export interface Ends {
  readonly input?: string | null;
  readonly outputs?: readonly string[];
  readonly settings?: readonly Setting[];
}

/** One file of an artifact; it lies beside the manifest. */
export interface FileEntry {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The lowest scores that pass, 0 to 1; null where there is no floor. */
export interface Floors {
  /** Mean over the photos of the share of equal labels. */
  readonly agreement: number;
  /** Agreement of the worst photo. */
  readonly worst: number | null;
  /** mIoU, the pixels of all photos together. */
  readonly miou: number | null;
}

/** The images of quantization: `photos` or `synthetic` ones, and all pixels' SHA-256. */
export interface Images {
  readonly images: string;
  readonly count: number;
  readonly sha256: string;
}

/**
 * The input and output of an artifact; null and `labels` keep the frozen graph's own.
 *
 * `input_size` is height and width in pixels, `input_dtype` uint8 or float32, `output`
 * labels, scores or probabilities, `output_dtype` the type of labels. `layout` nchw has images
 * and scores with channels first, nhwc last. `any_size` leaves free what is free in the frozen
 * graph; only LiteRT files are fixed at the crop without it.
 */
export interface Interface {
  readonly input_size?: readonly [number, number] | null;
  readonly input_dtype?: string | null;
  readonly output?: string;
  readonly output_dtype?: string | null;
  readonly layout?: "nhwc" | "nchw";
  readonly any_size?: boolean;
}

/**
 * How weights are stored, and whether activations are integers.
 *
 * `static` has int8 weights and integer activations, `auto` chooses for each tensor to meet
 * floors, `plain1` is the official converter's 8 bits.
 */
export type Precision =
  | "float32"
  | "float16"
  | "uint16"
  | "uint8"
  | "int8"
  | "static"
  | "auto"
  | "plain1";

/**
 * What to make of a frozen graph; null stands for the target's default.
 *
 * `precision` may be any of its words. `per_channel` gives TF.js's uint8 weights a scale for
 * each channel, which int8 always has. `rewrite` gives the graph its interface and makes it
 * faster; the official converter always gets it as it is. `opset` is ONNX's, null for other
 * targets; `ends` is where the graph is cut, and which placeholders have a value; `floors` are
 * what the precision `auto` has to reach, null for others; `backends` are those of TF.js that
 * have to compute what TensorFlow computes, by default wasm, and none where dlconv does not write
 * TF.js itself. Raises pydantic's ValidationError for values that are invalid or do not go
 * together.
 */
export interface Recipe {
  readonly target: "tfjs" | "onnx" | "litert";
  readonly precision?: Precision;
  readonly converter?: "dlconv" | "tensorflowjs" | "tf2onnx";
  readonly rewrite?: boolean;
  readonly opset?: number | null;
  readonly floors?: Floors | null;
  readonly backends?: readonly string[];
  readonly per_channel?: boolean;
  readonly interface?: Interface;
  readonly ends?: Ends;
}

/** A placeholder that is not fed, since it always has the same value: `is_training`, say. */
export interface Setting {
  readonly node: string;
  readonly value: boolean | number;
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
 * A quantized constant: its storage type, shape, minimum and maximum, and bytes.
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

/** An input or an output of a network. */
export interface TensorSpec {
  readonly node: string;
  readonly dtype: string;
  readonly shape: readonly (number | null)[] | null;
  readonly reason?: string;
}
