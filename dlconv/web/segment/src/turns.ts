// Models of one thread take turns at their runtime: TF.js has one current backend for all of them
// and computes nothing while one starts, and ONNX Runtime makes one session at a time.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Do something when all before it is done; what comes after it waits. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Begin something when it is its turn; what comes after it waits only until it first awaits. */
  async begin<T>(work: () => Promise<T>): Promise<T> {
    const { done } = await this.run(async () => ({ done: work() }));
    return done;
  }
}
