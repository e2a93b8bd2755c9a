/** Paths as the system sees them, on POSIX and on Windows. */
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

/** A name in a directory. */
export function joinPath(directory: string, name: string): string {
  return `${directory.replace(/[/\\]+$/, "")}/${name}`;
}

function isAbsolute(path: string): boolean {
  return /^([/\\]|[A-Za-z]:[/\\])/.test(path);
}
