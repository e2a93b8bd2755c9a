/** The program that runs Deno's scripts. */

interface Globals {
  readonly Deno?: { execPath(): string };
}

/** The Deno that runs this program; elsewhere the one that `PATH` leads to. Needs no permission. */
export function denoProgram(): string {
  return (globalThis as Globals).Deno?.execPath() ?? "deno";
}
