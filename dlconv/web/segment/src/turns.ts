// Models of one thread take turns: TF.js has one current backend for all of them, starts one at a
// time, and computes nothing while it does.

let last: Promise<unknown> = Promise.resolve();

/** Do something when all before it is done; what comes after it waits. */
export function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = last.then(work);
  last = done.catch(() => {});
  return done;
}

/** Begin something when it is its turn; what comes after it waits only until it first awaits. */
export async function begunInTurn<T>(work: () => Promise<T>): Promise<T> {
  const { done } = await inTurn(async () => ({ done: work() }));
  return done;
}
