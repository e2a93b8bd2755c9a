/** What a process holds of the system, as Linux tells it. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";

/** What a process holds. All but the last two has to be the same after as before. */
export interface Usage {
  /** Open file descriptors. */
  readonly files: number;
  /** How many of them are sockets. */
  readonly sockets: number;
  /** Child processes, zombies included. */
  readonly children: number;
  /** Signals that it handles. */
  readonly signals: number;
  /** Timers and handles that the runtime counts; `undefined` of another process, and on Deno. */
  readonly resources?: number;
  /** Listeners to signals and to the end of the process; `undefined` of another process. */
  readonly listeners?: number;
  /** Files and directories in its temporary directory. */
  readonly temporary: number;
  /** Memory in use, in bytes. */
  readonly rss: number;
  /** What JavaScript uses of it, after a collection; `undefined` of another process. */
  readonly heap?: number;
}

/** Why this cannot be told here, for `test(name, { skip }, …)`. */
export const usageMissing: string | false = process.platform !== "linux" &&
  "open files and processes are counted by /proc, which only Linux has";

const EVENTS = ["exit", "beforeExit", "uncaughtException", "unhandledRejection", "warning"];
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE"];

/** Reads a file of a process that may be gone. */
function readOf(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

/** What each open file descriptor is. */
function descriptorsOf(pid: string): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${name}`)];
    } catch {
      return []; // The one that the list itself was read by.
    }
  });
}

function countChildren(pid: number): number {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    // The program's name stands in parentheses and may hold any.
    const stat = readOf(name, "stat");
    return Number(stat.slice(stat.lastIndexOf(")")).split(" ")[2]) === pid;
  }).length;
}

function statusOf(pid: string, field: string): string {
  return new RegExp(`^${field}:\\s+(\\w+)`, "m").exec(readOf(pid, "status"))?.[1] ?? "0";
}

function countBits(hex: string): number {
  return BigInt(`0x${hex}`).toString(2).replaceAll("0", "").length;
}

/** What a process holds now: this one, or the one of that id. */
export function usageOf(pid: number = process.pid): Usage {
  const isOwn = pid === process.pid;
  const id = String(pid);
  if (isOwn) collectGarbage();
  const descriptors = descriptorsOf(id);
  return {
    files: descriptors.length,
    sockets: descriptors.filter((target) => target.startsWith("socket:")).length,
    children: countChildren(pid),
    signals: countBits(statusOf(id, "SigCgt")),
    ...(isOwn && ownUsage()),
    temporary: readdirSync(process.env.TMPDIR ?? "/tmp", { recursive: true }).length,
    rss: Number(statusOf(id, "VmRSS")) * 1024,
  };
}

function ownUsage(): Pick<Usage, "resources" | "listeners" | "heap"> {
  const listeners = [...EVENTS, ...SIGNALS].reduce(
    (sum, name) => sum + process.listenerCount(name as NodeJS.Signals),
    0,
  );
  const resources = activeResources();
  return {
    ...(resources !== undefined && { resources }),
    listeners,
    heap: process.memoryUsage().heapUsed,
  };
}

/** Deno has the function and always answers with nothing, or has none. */
function activeResources(): number | undefined {
  if ("Deno" in globalThis) return undefined;
  return process.getActiveResourcesInfo().length;
}

/** Needs `--expose-gc`; without it the heap says less. */
function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
}

/** What must not have grown. */
export const COUNTS = [
  "files",
  "sockets",
  "children",
  "signals",
  "resources",
  "listeners",
  "temporary",
] as const satisfies readonly (keyof Usage)[];

/** Which counts are higher than they were, with both numbers. */
export function grownCounts(before: Usage | undefined, after: Usage | undefined): string[] {
  if (before === undefined || after === undefined) return ["not measured"];
  return COUNTS.filter((name) => (after[name] ?? 0) > (before[name] ?? 0))
    .map((name) => `${name} from ${before[name]} to ${after[name]}`);
}

const SETTLE_LIMIT_MS = 5_000;

/** What a process holds once that has come to rest: sockets close a moment after their ends. */
export async function settledUsage(pid?: number): Promise<Usage> {
  const counts = (usage: Usage) => COUNTS.map((name) => usage[name]).join();
  const end = Date.now() + SETTLE_LIMIT_MS;
  let before = usageOf(pid);
  for (let same = 0; same < 3 && Date.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = usageOf(pid);
    same = counts(now) === counts(before) ? same + 1 : 0;
    before = now;
  }
  return before;
}
