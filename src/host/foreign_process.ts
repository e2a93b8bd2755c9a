/** A plugin's process that another host started: found by its id, followed by looking. */
import { type ExitStatus, ReattachError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { ReattachConfig } from "../wire/reattach.ts";
import type { AttachedRunner } from "./runner.ts";

/** How often to look whether the process still runs, in milliseconds. go-plugin looks once a second. */
const LOOK_EVERY_MS = 250;

/**
 * Finds a process by its id. It stays the same process: where the system tells
 * when processes started, a later one that got the id is never signalled.
 *
 * Needs `--allow-run`.
 *
 * @throws {ReattachError} If it does not run, or is another one.
 *
 * Source: go-plugin `internal/cmdrunner/cmd_reattach.go`.
 */
export function findProcess(runtime: Runtime, config: ReattachConfig): AttachedRunner {
  const { pid } = config;
  if (!runtime.isAlive(pid)) throw new ReattachError(`no process ${pid} of this user runs`);
  if (pid === runtime.pid && !config.test) {
    throw new ReattachError(`process ${pid} is this very program`, {
      hint: "A plugin that is served in this process is attached to with test: true",
    });
  }
  const started = runtime.startTimeOf(pid);
  const known = config.startTime;
  if (known !== undefined && started !== undefined && known !== started) {
    throw new ReattachError(`process ${pid} is a later one`);
  }
  const isTheSame = () => runtime.isAlive(pid) && runtime.startTimeOf(pid) === started;
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    id: String(pid),
    pid,
    exited: new Promise<ExitStatus>((resolve) => {
      timer = setInterval(() => {
        if (runtime.isAlive(pid)) return;
        clearInterval(timer);
        resolve({ code: null, signal: null });
      }, LOOK_EVERY_MS);
    }),
    kill(signal) {
      if (isTheSame()) runtime.signalProcess(pid, signal);
    },
    detach: () => clearInterval(timer),
  };
}
