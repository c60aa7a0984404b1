// The sizes of one network that a page can change between, as artifacts.

import type { Listed } from "./artifacts.ts";

/** How many pixels an artifact labels at most; 0 where that is not known. */
export function pixelsOf({ crop }: Pick<Listed, "crop">): number {
  return crop ? crop[0] * crop[1] : 0;
}

/** An artifact for each size of the chosen one's network, the largest first. */
export function ladderOf(artifacts: readonly Listed[], chosen: Listed): Listed[] {
  const family = artifacts.filter(({ model, crop }) => model === chosen.model && crop);
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
