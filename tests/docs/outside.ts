/** A machine as a stranger has it, where the documentation is tried out. */
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** PATH with the Deno that runs the tests, for commands that say `deno`. */
export function pathWithDeno(folder: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "deno"), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
  return `${bin}${delimiter}${process.env.PATH}`;
}
