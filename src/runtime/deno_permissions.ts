/** What Deno was given rights to. */
import type { Access } from "./runtime.ts";

/** Whether Deno was given a right; never asks anybody. */
export function permits(access: Access): boolean {
  if (widerThan(access).some(isWhole)) return true;
  try {
    return Deno.permissions.querySync(descriptor(access)).state === "granted";
  } catch (error) {
    // Deno 2.8 knows no right to a unix socket: reading and writing its path is enough.
    if (access.kind === "net" && access.host?.startsWith("unix:")) return true;
    throw error;
  }
}

/**
 * What holds the right to a socket, and is the same for the next one, the widest
 * first. Deno (2.9) remembers every right that was ever asked about: the paths
 * of all sockets, and of the directories made for them, would be too many.
 */
function widerThan(access: Access): readonly Access[] {
  const { kind } = access;
  if (kind === "net") return access.host?.startsWith("unix:") ? [{ kind }] : [];
  if (kind !== "read" && kind !== "write") return [];
  const directory = directoryOf(access.path ?? "");
  return [directoryOf(directory), directory].filter((path) => path !== "")
    .map((path) => ({ kind, path }));
}

/** The directory that a path is in, "" if there is none in the text. */
function directoryOf(path: string): string {
  return path.slice(0, Math.max(0, path.search(/[\\/][^\\/]*$/)));
}

/** Whether a right is given, and nothing in it denied. */
function isWhole(access: Access): boolean {
  const { state, partial } = Deno.permissions.querySync(descriptor(access));
  return state === "granted" && !partial;
}

/** A right in the words of Deno. */
export function descriptor(access: Access): Deno.PermissionDescriptor {
  switch (access.kind) {
    case "env":
      return access.name === undefined ? { name: "env" } : { name: "env", variable: access.name };
    case "run":
      return access.program === undefined
        ? { name: "run" }
        : { name: "run", command: access.program };
    case "net":
      return access.host === undefined ? { name: "net" } : { name: "net", host: access.host };
    default:
      return access.path === undefined
        ? { name: access.kind }
        : { name: access.kind, path: access.path };
  }
}
