// From labels to what is drawn: the mask's pixels, the class map, the share of each class.

import type { Colour, Labels } from "@dlconv/segment";

/** White with an alpha, as RGBA. */
export function maskPixels(alpha: Uint8ClampedArray): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(alpha.length * 4).fill(255);
  for (let pixel = 0; pixel < alpha.length; pixel++) rgba[pixel * 4 + 3] = alpha[pixel]!;
  return rgba;
}

/** The colours of the kept classes, as RGBA; others are transparent. */
export function mapPixels(
  labels: Labels,
  kept: ReadonlySet<number>,
  colours: readonly Colour[],
): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(labels.length * 4);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = labels[pixel]!;
    const colour = colours[label];
    if (colour && kept.has(label)) rgba.set([...colour, 255], pixel * 4);
  }
  return rgba;
}

/** The share of the pixels that each class has, 0 to 1. */
export function sharesOf(labels: Labels, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts.map((count) => count / labels.length);
}

/** Whether a class is the background, by its name; networks without names have it first. */
export function isBackground(name: string): boolean {
  return name === "background" || name === "class 0";
}

/** What is kept at first: persons where the model knows them, else all but the background. */
export function keptAtFirst(classes: readonly string[]): Set<number> {
  const person = classes.indexOf("person");
  if (person >= 0) return new Set([person]);
  return new Set([...classes.keys()].filter((index) => !isBackground(classes[index]!)));
}

/** The classes with the largest shares first, others as they were. */
export function byShare(order: readonly number[], shares: readonly number[]): number[] {
  return [...order].sort((one, other) => (shares[other] ?? 0) - (shares[one] ?? 0));
}
