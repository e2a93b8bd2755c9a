/** Groups of users, by name or number. */
import type { Runtime } from "./runtime.ts";

/**
 * The number of a group. A name is looked up in `/etc/group`, and where that
 * does not hold it or cannot be read, by the program `getent`.
 *
 * @throws {RangeError} If there is no such group.
 *
 * Source: go-plugin `server.go`, `setGroupWritable`.
 */
export async function findGroup(
  runtime: Pick<Runtime, "readFile" | "outputOf">,
  group: string,
): Promise<number> {
  if (/^\d{1,10}$/.test(group)) return Number(group);
  const entry = findEntry(await readGroups(runtime), group) ??
    findEntry(ask(runtime, group), group);
  if (entry === undefined) throw new RangeError(`there is no group ${JSON.stringify(group)}`);
  return entry;
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
