/** Paths as the system sees them, on POSIX and on Windows. */
import { posix, win32 } from "node:path";
import type { Runtime } from "../runtime/runtime.ts";

/** A path as a plugin with that working directory would see it. */
export function absolutePath(
  runtime: Pick<Runtime, "currentDirectory">,
  path: string,
  cwd?: string,
): string {
  if (isAbsolute(path)) return path;
  const base = cwd ?? runtime.currentDirectory();
  return isAbsolute(base)
    ? joinPath(base, path)
    : joinPath(joinPath(runtime.currentDirectory(), base), path);
}

/**
 * The shortest absolute path, without `.` and `..`, as Go's `filepath.Abs` has
 * it: a link before `..` is taken for a directory.
 */
export function cleanPath(
  runtime: Pick<Runtime, "platform" | "currentDirectory">,
  path: string,
): string {
  const { isAbsolute, resolve } = runtime.platform === "windows" ? win32 : posix;
  return isAbsolute(path) ? resolve(path) : resolve(runtime.currentDirectory(), path);
}

/** A name in a directory. */
export function joinPath(directory: string, name: string): string {
  return `${directory.replace(/[/\\]+$/, "")}/${name}`;
}

function isAbsolute(path: string): boolean {
  return /^([/\\]|[A-Za-z]:[/\\])/.test(path);
}
