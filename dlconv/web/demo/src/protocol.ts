// What the page and its worker say to each other: a numbered question, and what comes of it.

import type { Backend, MaskStyle } from "@dlconv/segment";

export type Question =
  | { readonly id: number; readonly ask: "load"; readonly url: string; readonly backend: Backend }
  | { readonly id: number; readonly ask: "segment"; readonly frame: ImageBitmap }
  | {
      readonly id: number;
      readonly ask: "draw";
      readonly frame: ImageBitmap;
      readonly style: MaskStyle;
      readonly wantsLabels: boolean;
    };

export type Reply =
  | { readonly id: number; readonly progress: number }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } };
