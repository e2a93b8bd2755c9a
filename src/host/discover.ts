/** Finding plugins by the names of their files. */
import { loadRuntime, type Runtime } from "../runtime/runtime.ts";
import { absolutePath } from "./checksum.ts";

/**
 * Finds files by a pattern such as `"terraform-provider-*"`, in which `*` stands
 * for any text, `?` for one character and `[a-z]` for one of a set, within one
 * name of the path. Whether the files can be executed is not looked at.
 *
 * Needs `--allow-read` for the directory.
 *
 * @returns The absolute paths, sorted. None if the directory is not there.
 * @throws {RangeError} If the pattern is malformed.
 *
 * Source: go-plugin `discover.go`; Go `filepath.Glob`.
 */
export async function discover(glob: string, directory: string): Promise<readonly string[]> {
  const runtime = await loadRuntime();
  const names = glob.split(/[/\\]/).filter((name) => name !== "" && name !== ".");
  let paths = [absolutePath(runtime, directory, undefined).replace(/[/\\]+$/, "")];
  for (const pattern of names.map(toRegExp)) {
    const found = await Promise.all(paths.map((path) => matches(runtime, path, pattern)));
    paths = found.flat();
  }
  return paths.sort();
}

async function matches(runtime: Runtime, directory: string, pattern: RegExp): Promise<string[]> {
  try {
    const names = await runtime.listDirectory(directory || "/");
    return names.filter((name) => pattern.test(name)).map((name) => `${directory}/${name}`);
  } catch (error) {
    // As in Go: what is no directory, or is not there, holds nothing.
    const { name, code } = error as { name: string; code?: string };
    if (["ENOENT", "ENOTDIR"].includes(code ?? "") || name === "NotFound") return [];
    throw error;
  }
}

function toRegExp(glob: string): RegExp {
  const malformed = () => new RangeError(`discover(): malformed pattern ${JSON.stringify(glob)}`);
  let source = "";
  for (let i = 0; i < glob.length; i++) {
    const character = glob.charAt(i);
    if (character === "*") source += ".*";
    else if (character === "?") source += ".";
    else if (character === "[") {
      const end = glob.indexOf("]", i + 2);
      if (end < 0) throw malformed();
      const set = glob.slice(i + 1, end).replace(/^[!^]/, "^").replaceAll("\\", "\\\\");
      source += `[${set}]`;
      i = end;
    } else source += character.replace(/[.+^${}()|\\]/, "\\$&");
  }
  try {
    return new RegExp(`^${source}$`, "su");
  } catch {
    throw malformed();
  }
}
