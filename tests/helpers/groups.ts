/** Groups that this user may give files to. */
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";

/** A group by both of its names. */
export interface Group {
  readonly id: number;
  readonly name: string;
}

/**
 * A group that this user may give files to, and, where there is one, not the
 * one that they have anyway: any for root, else one this user is a member of.
 */
export function usableGroup(): Group {
  const ask = (flag: string) => spawnSync("id", [flag], { encoding: "utf8" }).stdout.trim();
  const own = Number(ask("-g"));
  const member = ask("-G").split(" ").map(Number);
  const isRoot = ask("-u") === "0";
  const known = readFileSync("/etc/group", "utf8").split("\n").map((line) => line.split(":"))
    .flatMap(([name = "", , id = ""]) => /^\d+$/.test(id) ? [{ name, id: Number(id) }] : []);
  const usable = known.filter(({ id }) => isRoot || member.includes(id));
  const found = usable.find(({ id }) => id !== own) ?? usable[0];
  if (found === undefined) throw new Error(`no group of this user has a name: ${member}`);
  return found;
}

/** Who may use a file or directory: its mode, in octal, and the number of its group. */
export function accessTo(path: string): { mode: string; group: number } {
  const { mode, gid } = statSync(path);
  return { mode: (mode & 0o777).toString(8), group: gid };
}
