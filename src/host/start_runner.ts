/** The start of a plugin by a runner of the user's own, which may fail, hang or give anything. */
import { ConnectError, PluginError, SpawnError } from "../errors.ts";
import type { Interrupt } from "../rpc/interrupt.ts";
import { waitAtMost } from "../runtime/wait.ts";
import { type Address, formatAddress } from "../wire/address.ts";
import type { Runner, RunnerFunction, RunnerSpec } from "./runner.ts";

/**
 * Has a runner start a plugin. What it starts after it was given up, or does
 * not give completely, is ended.
 *
 * @param cancel Ends the wait.
 * @throws {SpawnError} If it fails, takes longer than `limitMs`, or gives no
 * {@linkcode Runner}. Errors of this module pass as they are.
 */
export async function startRunner(
  start: RunnerFunction,
  spec: RunnerSpec,
  limitMs: number,
  cancel: Interrupt,
): Promise<Runner> {
  const starting = (async () => await start(spec))();
  try {
    // In an object: a runner may also give nothing, which is not the same as late.
    const given = starting.then((runner) => ({ runner }));
    const found = await cancel.guard(waitAtMost(given, limitMs));
    if (found === undefined) {
      throw new SpawnError(`Cannot start plugin: its runner took more than ${limitMs} ms`);
    }
    requireRunner(found.runner);
    return found.runner;
  } catch (cause) {
    abandon(starting);
    if (cancel.fired || cause instanceof PluginError) throw cause;
    throw new SpawnError(`Cannot start plugin: its runner failed: ${textOf(cause)}`, { cause });
  }
}

/**
 * What an address is called on the other side; what it is, if the runner says
 * nothing.
 *
 * @param ask Asks the runner.
 * @throws {ConnectError} If its runner cannot tell, or not within `limitMs`.
 */
export async function translateAddress(
  ask: (address: Address) => Address | Promise<Address> | undefined,
  address: Address,
  limitMs: number,
): Promise<Address> {
  try {
    const asking = (async () => await ask(address) ?? address)();
    const found = await waitAtMost(asking, limitMs);
    if (found === undefined) throw new Error(`no answer in ${limitMs} ms`);
    return found;
  } catch (cause) {
    throw new ConnectError(
      "Cannot connect to plugin: its runner cannot tell where " +
        `${address.network} ${formatAddress(address)} is: ${textOf(cause)}`,
      { cause },
    );
  }
}

/** What the types say, for those who write JavaScript. */
function requireRunner(given: Partial<Runner> | null | undefined): void {
  const { name, id, stdout, stderr, exited, kill } = given ?? {};
  const missing = Object.entries({
    name: typeof name === "string",
    id: typeof id === "string",
    stdout: typeof stdout?.getReader === "function",
    stderr: typeof stderr?.getReader === "function",
    exited: typeof exited?.then === "function",
    kill: typeof kill === "function",
  }).filter(([, isThere]) => !isThere).map(([field]) => field);
  if (missing.length === 0) return;
  throw new SpawnError(
    `Cannot start plugin: its runner gave no Runner: ${missing.join(", ")} ` +
      `${missing.length === 1 ? "is" : "are"} missing`,
  );
}

/** Ends what a runner starts after nobody waits for it any more. */
function abandon(starting: Promise<Runner>): void {
  const end = async () => {
    const runner: Partial<Runner> = await starting;
    runner.stdout?.cancel().catch(() => {});
    runner.stderr?.cancel().catch(() => {});
    await runner.kill?.("SIGKILL");
  };
  // What there is to say of it was said when it was given up.
  end().catch(() => {});
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
