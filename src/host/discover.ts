/** Finding plugins by the names of their files. */
import { posix, win32 } from "node:path";
import { PermissionError } from "../errors.ts";
import { loadRuntime, type Runtime } from "../runtime/runtime.ts";
import { compileGlob, isPattern } from "./glob.ts";
import { cleanPath } from "./path.ts";

/** What looking for files needs of the system. */
export type FileSystem = Pick<
  Runtime,
  "platform" | "permits" | "currentDirectory" | "listDirectory"
>;

/**
 * Finds files by a pattern such as `"terraform-provider-*"`, in which `*` stands
 * for any text, `?` for one character, `[a-z]` for one of a set and `[^a-z]` for
 * one that is not, within one name of the path; a backslash before one of these
 * takes its meaning, except on Windows. Whether the files can be executed is
 * not looked at.
 *
 * Needs `--allow-read` for the directory.
 *
 * @returns The absolute paths, sorted within each directory. None if the
 * directory is not there; one that the system does not let be read counts as
 * empty, as in Go.
 * @throws {RangeError} If the pattern is malformed.
 * @throws {PermissionError} If `--allow-read` is missing.
 *
 * Source: go-plugin `discover.go`; Go `filepath.Glob`. Unlike there, only
 * `glob` is a pattern, and never a part of `directory`.
 */
export async function discover(glob: string, directory: string): Promise<readonly string[]> {
  return await discoverIn(await loadRuntime(), glob, directory);
}

/** The same, on a system of one's choice. */
export async function discoverIn(
  system: FileSystem,
  glob: string,
  directory: string,
): Promise<readonly string[]> {
  const isWindows = system.platform === "windows";
  const path = isWindows ? win32 : posix;
  const { base, names } = split(cleanPath(system, directory), glob, isWindows);
  // All of them first: a malformed pattern is one wherever it leads.
  const patterns = names.map((name) => compileGlob(name, isWindows));
  // What leads to the first pattern is not looked at: it need not be readable.
  const first = names.slice(0, -1).findIndex((name) => isPattern(name, isWindows));
  const leading = first < 0 ? Math.max(0, names.length - 1) : first;
  let found = [path.join(base, ...names.slice(0, leading))];
  for (const pattern of patterns.slice(leading)) {
    const lists = found.map(async (directory) => {
      const inside = await listNames(system, directory);
      return inside.filter((name) => pattern.test(name)).sort()
        .map((name) => path.join(directory, name));
    });
    found = (await Promise.all(lists)).flat();
  }
  return found;
}

/** Where to begin, and the names from there on. */
function split(
  directory: string,
  glob: string,
  isWindows: boolean,
): { readonly base: string; readonly names: readonly string[] } {
  const { dirname, basename } = isWindows ? win32 : posix;
  let base = directory;
  const names: string[] = [];
  for (const name of glob.split(isWindows ? /[/\\]/ : "/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") names.push(name);
    else if (names.pop() === undefined) base = dirname(base);
  }
  // Nothing but a directory: it is found if it is there.
  if (names.length === 0 && dirname(base) !== base) {
    const name = basename(base).replace(/[*?[\\]/g, isWindows ? "[$&]" : "\\$&");
    return { base: dirname(base), names: [name] };
  }
  return { base, names };
}

/** What a directory that is none holds, or that is not there: nothing. */
const EMPTY = ["ENOENT", "ENOTDIR", "EACCES", "ELOOP"];
const EMPTY_ON_DENO = ["NotFound", "NotADirectory", "PermissionDenied", "FilesystemLoop"];

async function listNames(system: FileSystem, directory: string): Promise<readonly string[]> {
  if (!system.permits({ kind: "read", path: directory })) {
    throw new PermissionError(`Cannot look for plugins in ${directory}`, [
      `--allow-read=${directory}`,
    ]);
  }
  try {
    return await system.listDirectory(directory);
  } catch (error) {
    const { name, code = "" } = error as { name: string; code?: string };
    if (EMPTY.includes(code) || EMPTY_ON_DENO.includes(name)) return [];
    throw error;
  }
}
