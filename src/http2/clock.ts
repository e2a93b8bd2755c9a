/** The time, so that tests can have one of their own. */

/** How a connection measures time. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** Calls back once after this many milliseconds. The result cancels it; it may be called twice. */
  start(delayMs: number, callback: () => void): () => void;
}

/** The system's time. Its timers keep no process alive: what waits for the peer ends with the link. */
export const systemClock: Clock = {
  now: () => performance.now(),
  start(delayMs, callback) {
    const timer: unknown = setTimeout(callback, delayMs);
    if (hasUnref(timer)) timer.unref();
    return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  },
};

/** Node's timers, and Deno's of late, are objects; the web's are numbers. */
function hasUnref(timer: unknown): timer is { unref(): void } {
  return typeof timer === "object" && timer !== null && "unref" in timer;
}
