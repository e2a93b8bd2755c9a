/** Groups of users, by name or number. */
import { type Need, requirePermissions } from "./permissions.ts";
import type { Runtime } from "./runtime.ts";

const GROUPS = "/etc/group";

/** What looking a group up takes; nothing, if it is a number or one of the two ways is open. */
export function groupNeeds(runtime: Pick<Runtime, "permits">, group: string): readonly Need[] {
  const file: Need = { kind: "read", path: GROUPS };
  const isOpen = isNumber(group) || runtime.permits(file) ||
    runtime.permits({ kind: "run", program: "getent" });
  return isOpen ? [] : [file];
}

/**
 * The number of a group. A name is looked up in `/etc/group`, and where that
 * does not hold it or cannot be read, by the program `getent`.
 *
 * @throws {RangeError} If there is no such group.
 * @throws {PermissionError} If it may not be looked up in either way.
 *
 * Source: go-plugin `server.go`, `setGroupWritable`.
 */
export async function findGroup(
  runtime: Pick<Runtime, "permits" | "readFile" | "outputOf">,
  group: string,
): Promise<number> {
  if (isNumber(group)) return Number(group);
  const entry = findEntry(await readGroups(runtime), group) ??
    findEntry(ask(runtime, group), group);
  if (entry !== undefined) return entry;
  requirePermissions(
    runtime,
    `Cannot look up group ${JSON.stringify(group)}`,
    groupNeeds(runtime, group),
  );
  throw new RangeError(`there is no group ${JSON.stringify(group)}`);
}

function isNumber(group: string): boolean {
  return /^\d{1,10}$/.test(group);
}

async function readGroups(runtime: Pick<Runtime, "readFile">): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const bytes of runtime.readFile("/etc/group")) {
      text += decoder.decode(bytes, { stream: true });
    }
  } catch {
    // It may not be read: getent is asked instead.
  }
  return text;
}

function ask(runtime: Pick<Runtime, "outputOf">, group: string): string {
  try {
    return runtime.outputOf("getent", ["group", "--", group]);
  } catch {
    return "";
  }
}

/** A line is `name:password:number:members`. */
function findEntry(lines: string, group: string): number | undefined {
  for (const line of lines.split("\n")) {
    const [name, , number] = line.split(":");
    if (name === group && /^\d+$/.test(number ?? "")) return Number(number);
  }
  return undefined;
}
