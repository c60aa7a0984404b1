// What is under way on a GPU when it is lost would never end: here it is rejected.

import { BackendError } from "./errors.ts";

export class Loss {
  #error: Error | null = null;
  readonly #underWay = new Set<(error: Error) => void>();
  readonly #isLost: () => boolean;

  /** `isLost` is asked when work fails, since that can be noticed before the loss is told. */
  constructor(isLost: () => boolean = () => false) {
    this.#isLost = isLost;
  }

  get isKnown(): boolean {
    return this.#error !== null;
  }

  /** Reject what is under way, and all that comes. */
  tell(reason = ""): void {
    this.#error ??= new BackendError(`the GPU was lost${reason ? `: ${reason}` : ""}`);
    for (const reject of this.#underWay) reject(this.#error);
    this.#underWay.clear();
  }

  /** What the work resolves to. Rejects with BackendError when the GPU is lost before it ends. */
  guard<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#error) {
        reject(this.#error);
        return;
      }
      this.#underWay.add(reject);
      work()
        .then(resolve, (error) => {
          if (this.#isLost()) this.tell();
          reject(error);
        })
        .finally(() => this.#underWay.delete(reject));
    });
  }
}
