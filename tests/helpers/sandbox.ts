/** Whether plugins can be run in bubblewrap on this machine. */
import { type Probe, probeTool, reasonToSkip } from "./cache.ts";

/** All that the example's sandbox asks of the kernel: a program may be there and not be allowed to. */
const QUESTION = ["--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"];

let probe: Probe | undefined;

/**
 * Why the tests that need bubblewrap cannot run, for `test(name, { skip }, …)`,
 * or `undefined` when they can.
 *
 * @throws {Error} If it is missing and the environment variable `CI` is set.
 */
export function sandboxMissing(): string | undefined {
  probe ??= probeTool("bwrap", [...QUESTION, "true"]);
  return reasonToSkip(probe);
}
