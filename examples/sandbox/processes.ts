/** The processes of a sandbox: bwrap, the first process inside, and its child, the plugin. */
import { readFileSync } from "node:fs";
import process from "node:process";

/** Signals the plugin, which bwrap itself does not do. */
export function signalPlugin(bwrap: number, signal: "SIGTERM"): void {
  for (const first of childrenOf(bwrap)) childrenOf(first).forEach((pid) => send(pid, signal));
}

/**
 * Ends all there is inside. While bwrap still sets the sandbox up, its end is
 * not yet the end of what it has forked, which would wait for it for good. So
 * that it forks nothing more, it is stopped first.
 */
export async function endSandbox(bwrap: number): Promise<void> {
  send(bwrap, "SIGSTOP");
  // A signal takes a moment, and a process that has ended has no state any more.
  while (/^[RSD]/.test(stateOf(bwrap))) await new Promise((resolve) => setTimeout(resolve, 1));
  childrenOf(bwrap).forEach((pid) => send(pid, "SIGKILL"));
}

function childrenOf(pid: number): number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter((word) => word !== "").map(Number);
}

/** One letter: `T` is stopped. */
function stateOf(pid: number): string {
  // The name before it, in parentheses, may hold anything.
  return read(`/proc/${pid}/stat`).split(") ").at(-1) ?? "";
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has ended.
    return "";
  }
}

function send(pid: number, signal: "SIGTERM" | "SIGSTOP" | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, which is what was wanted.
  }
}
