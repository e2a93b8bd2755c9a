/** Waiting in tests: for an event, with a limit that only a failure reaches. */
import { readFileSync } from "node:fs";
import process from "node:process";

/** Far more than anything here takes, even on a busy machine. */
const LIMIT_MS = 30_000;

/** Waits for a promise; rejects when the limit passes first. */
export async function within<T>(promise: Promise<T>, what: string, limitMs = LIMIT_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${limitMs} ms: ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until a condition that nothing announces holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether a process of this user exists. A zombie does. */
export function isAlive(pid: number | string): boolean {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
}

/**
 * Whether a process runs: a zombie, for whom {@linkcode isAlive} is true, does not. Where nobody
 * collects orphans, a process whose parent has ended stays one.
 */
export function isRunning(pid: number | string): boolean {
  if (process.platform !== "linux") return isAlive(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}
