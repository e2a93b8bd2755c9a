/** Waiting with a limit, and for the next turn. */
import { setImmediate } from "node:timers";

/**
 * Waits for a promise, but no longer than the limit.
 *
 * @returns What the promise gives, or `undefined` once the limit has passed.
 */
export async function waitAtMost<T>(promise: Promise<T>, limitMs: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for the next turn of the event loop, in which everything that was ready
 * has been done. A timer of zero would take one to two milliseconds.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits for so many turns, for those who answer to one event in a later turn. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn();
}
