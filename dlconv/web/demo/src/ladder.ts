// The sizes of one network that a page can change between, as artifacts.

import type { Listed } from "./artifacts.ts";

/** How many pixels an artifact labels at most; 0 where that is not known. */
export function pixelsOf({ crop }: Pick<Listed, "crop">): number {
  return crop ? crop[0] * crop[1] : 0;
}

/**
 * An artifact for each size of the chosen one's network, the largest first; none of less than half
 * of the largest's height or width, where networks see little, but for the chosen one.
 */
export function ladderOf(artifacts: readonly Listed[], chosen: Listed): Listed[] {
  const all = artifacts.filter(({ model, crop }) => model === chosen.model && crop);
  const least = [0, 1].map((side) => Math.max(0, ...all.map(({ crop }) => crop![side]!)) / 2);
  const family = all.filter(
    (each) => each === chosen || least.every((pixels, side) => each.crop![side]! >= pixels),
  );
  const sizes = [...new Set(family.map(pixelsOf))].sort((a, b) => b - a);
  return sizes.map((size) => {
    if (size === pixelsOf(chosen)) return chosen;
    const same = family.filter((artifact) => pixelsOf(artifact) === size);
    return same.find((artifact) => kindOf(artifact) === kindOf(chosen)) ?? same[0]!;
  });
}

/** What tells an artifact from its neighbours, but for its size. */
function kindOf({ title, crop }: Listed): string {
  return title.replace(crop!.join("x"), "").replace(/\s+/g, " ").trim();
}
