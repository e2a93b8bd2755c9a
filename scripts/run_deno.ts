/** Runs this Deno with a subcommand. */

/**
 * Runs it to its end. Not by `node:child_process`: there, Deno before 2.9.6
 * takes `pack` and `bundle` for programs of that name.
 *
 * @throws {Error} If it fails; the message carries what it printed on stderr.
 */
export async function runDeno(args: readonly string[], cwd: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return;
  throw new Error(`Cannot run "deno ${args.join(" ")}": ${new TextDecoder().decode(stderr)}`);
}
