/** Waiting with a limit. */

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
