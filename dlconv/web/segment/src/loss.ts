// What is under way on a GPU when it is lost would never end: here it is rejected.

import { BackendError } from "./errors.ts";

export class Loss {
  #error: Error | null = null;
  readonly #underWay = new Set<(error: Error) => void>();
  readonly #whyLost: () => string | null;

  /** `whyLost` is asked when work fails, which it can before the loss is told; null for no loss. */
  constructor(whyLost: () => string | null = () => null) {
    this.#whyLost = whyLost;
  }

  get isKnown(): boolean {
    return this.#error !== null;
  }

  /** Reject what is under way, and all that comes. */
  tell(reason: string): void {
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
          const reason = this.#whyLost();
          if (reason !== null) this.tell(reason);
          reject(error);
        })
        .finally(() => this.#underWay.delete(reject));
    });
  }
}
