/** What the system tells of processes, its own words for when they started above all. */

/** The ways to ask the system. */
export interface ProcessTable {
  /** The operating system. */
  readonly platform: string;
  /** Reads a small file; throws if that is not possible. */
  readText(path: string): string;
  /** Gives what a program prints; throws if it cannot be run or fails. */
  outputOf(program: string, args: readonly string[]): string;
}

/**
 * When a process started, so that it can be told from a later one of the same
 * id; `undefined` if there is none or the system does not say.
 *
 * Linux counts it in ticks since the boot (proc(5), field 22 of `stat`). Deno
 * lets nobody read `/proc` without `--allow-all`, but a child may.
 */
export function startTimeOf(table: ProcessTable, pid: number): string | undefined {
  try {
    if (table.platform === "windows" || table.platform === "win32") return undefined;
    if (table.platform !== "linux") {
      return table.outputOf("ps", ["-o", "lstart=", "-p", String(pid)]).trim() || undefined;
    }
    return fieldsOf(readStat(table, pid))[19];
  } catch {
    return undefined;
  }
}

function readStat(table: ProcessTable, pid: number): string {
  const path = `/proc/${pid}/stat`;
  try {
    return table.readText(path);
  } catch {
    return table.outputOf("cat", [path]);
  }
}

/** The fields from the third on: the second, the program's name, may hold anything. */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).trim().split(" ");
}

/**
 * Whether a process that can be signalled is more than an entry that nobody
 * has collected: where no init does, such entries stay for good.
 */
export function isRunning(table: ProcessTable, pid: number): boolean {
  if (table.platform !== "linux") return true;
  try {
    const [state] = fieldsOf(table.readText(`/proc/${pid}/stat`));
    return state !== "Z" && state !== "X";
  } catch {
    return true;
  }
}
