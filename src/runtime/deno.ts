/** The system through Deno's own API, which asks for fewer permissions than `node:` modules do. */
import { PermissionError } from "../errors.ts";
import { descriptor, permits } from "./deno_permissions.ts";
import {
  captureConsole,
  captureDenoStream,
  type ConsoleModule,
  type OutputCapture,
} from "./output.ts";
import { type Need, requirePermissions } from "./permissions.ts";
import { isRunning, startTimeOf } from "./process_table.ts";
import type { ChildProcess, Runtime, SpawnOptions } from "./runtime.ts";
import { runNeed } from "./run_need.ts";
import { spawnError } from "./spawn_error.ts";
import { writeStderr } from "./stderr.ts";
import { TEMPORARY_PREFIX } from "./temporary_prefix.ts";

/**
 * Stops what Deno would not do: it throws where not everybody can catch it,
 * and at a terminal it asks.
 *
 * @throws {PermissionError} That names the flags.
 */
function demand(what: string, ...needs: readonly Need[]): void {
  requirePermissions({ permits }, what, needs);
}

/** `--ignore-env` and `--deny-env` look alike; only under the latter a read throws. None asks. */
function hides(name: string): boolean {
  if (Deno.permissions.querySync(descriptor({ kind: "env", name })).state !== "denied") {
    return false;
  }
  try {
    Deno.env.get(name);
    return true;
  } catch {
    return false;
  }
}

async function readEnvironment(
  names: readonly string[],
): Promise<(name: string) => string | undefined> {
  const withheld = names.filter((name) => !permits({ kind: "env", name }));
  const mayRunEnv = permits({ kind: "run", program: "env" });
  if (withheld.every((name) => !mayRunEnv && hides(name))) return (name) => Deno.env.get(name);
  const variables = await listEnvironment(withheld);
  return (name) => variables.get(name);
}

/** Asks the program `env`: a child inherits what this process may not read. */
async function listEnvironment(
  names: readonly string[],
): Promise<Map<string, string>> {
  const what = "Cannot read the environment";
  if (!permits({ kind: "run", program: "env" })) {
    const needs = names.filter((name) => !hides(name))
      .map((name) => ({ kind: "env", name }) as const);
    requirePermissions({ permits }, what, needs, { hint: "--allow-run=env will do as well" });
  }
  try {
    const { success, stdout } = await new Deno.Command("env", {
      args: ["-0"],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    if (!success) throw new Error("env -0 failed");
    // The values hold line breaks (a certificate does), so NUL parts them.
    return new Map(
      new TextDecoder().decode(stdout).split("\0").filter((entry) => entry !== "")
        .map((entry) => {
          const equals = entry.indexOf("=");
          return [entry.slice(0, equals), entry.slice(equals + 1)];
        }),
    );
  } catch (cause) {
    throw new PermissionError(what, [`--allow-env=${names.join(",")}`], { cause });
  }
}

function spawn(options: SpawnOptions): Promise<ChildProcess> {
  const { program, inheritEnv } = options;
  let child: Deno.ChildProcess;
  try {
    demand(`Cannot start plugin ${JSON.stringify(program)}`, runNeed({ permits }, options));
    child = new Deno.Command(program, {
      args: [...options.args],
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      env: {
        ...(inheritEnv ? blanks(options.withoutEnv) : {}),
        ...options.env,
      },
      clearEnv: !inheritEnv,
      stdin: options.stdin,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    return Promise.reject(explain(program, error));
  }
  return Promise.resolve({
    pid: child.pid,
    ...(options.stdin === "piped" && { stdin: child.stdin }),
    stdout: child.stdout,
    stderr: child.stderr,
    exited: child.status.then(({ code, signal }) => ({
      code: signal === null ? code : null,
      signal,
    })),
    kill(signal) {
      try {
        child.kill(signal);
      } catch {
        // Thrown when the process has ended already, which is what was wanted.
      }
    },
  });
}

/**
 * Inherited variables cannot be taken out without the right to read them all,
 * so they are emptied, which go-plugin takes for unset. One that is known not
 * to be there is left alone.
 */
function blanks(names: readonly string[]): Record<string, string> {
  const present = names.filter((name) =>
    !permits({ kind: "env", name }) || Deno.env.get(name) !== undefined
  );
  return Object.fromEntries(present.map((name) => [name, ""]));
}

function explain(program: string, error: unknown): Error {
  if (error instanceof PermissionError) return error;
  if (error instanceof Deno.errors.NotCapable) {
    // It may run, but not with LD_LIBRARY_PATH or its like, which it inherits.
    return new PermissionError(`Cannot start plugin ${JSON.stringify(program)}`, ["--allow-run"], {
      cause: error,
    });
  }
  const code = (error as { code?: string }).code ??
    (error instanceof Deno.errors.NotFound
      ? "ENOENT"
      : error instanceof Deno.errors.PermissionDenied
      ? "EACCES"
      : /os error 8\b/.test(String(error))
      ? "ENOEXEC"
      : undefined);
  return spawnError(program, code, error);
}

async function writeStdout(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) {
    written += await Deno.stdout.write(bytes.subarray(written));
  }
}

function captureOutput(capture: OutputCapture): () => void {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: "node:console"): ConsoleModule };
  };
  const undo = [
    captureDenoStream(Deno.stdout, "STDOUT", capture),
    captureDenoStream(Deno.stderr, "STDERR", capture),
    captureConsole(() => process.getBuiltinModule("node:console"), capture),
  ];
  return () => undo.forEach((restore) => restore());
}

function onSignal(
  signal: "SIGINT" | "SIGTERM",
  handler: () => void,
): () => void {
  // Windows knows no SIGTERM to listen for; what cannot arrive needs no handler.
  if (Deno.build.os === "windows" && signal !== "SIGINT") return () => {};
  Deno.addSignalListener(signal, handler);
  handlers[signal]++;
  let isOn = true;
  return () => {
    Deno.removeSignalListener(signal, handler);
    if (isOn) handlers[signal]--;
    isOn = false;
  };
}

/** How many handlers this module has: Deno does not tell. */
const handlers = { SIGINT: 0, SIGTERM: 0 };

/**
 * More than the one of whoever asks: a plugin that is a host as well handles
 * signals itself. Those that the program gave to Deno cannot be counted.
 */
function hasOwnHandler(signal: "SIGINT" | "SIGTERM"): boolean {
  return handlers[signal] > 1 || nodeProcess().listenerCount(signal) > 0;
}

/** How a program ends: Deno leaves out "unload" when an error that nobody caught ends it. */
const ENDS = ["unload", "error", "unhandledrejection"] as const;

function onExit(handler: () => void): () => void {
  const listener = (event: { readonly defaultPrevented: boolean }) => {
    if (!event.defaultPrevented) handler();
  };
  for (const end of ENDS) globalThis.addEventListener(end, listener);
  return () => {
    for (const end of ENDS) globalThis.removeEventListener(end, listener);
  };
}

/** Deno (2.9) takes 6 ms and more for what the system does in less than one: whoever ends a plugin waits. */
function endLightly(): void {
  const process = nodeProcess();
  const end = () => {
    // What was told to run behind this still does.
    if (process.listeners("exit").at(-1) === end) Deno.exit();
  };
  process.on("exit", end);
}

function temporaryDirectories(): readonly string[] {
  const name = Deno.build.os === "windows" ? "TEMP" : "TMPDIR";
  const own = permits({ kind: "env", name }) ? Deno.env.get(name) : undefined;
  const common = Deno.build.os === "windows" ? [] : ["/tmp"];
  return own === undefined || own === "" ? common : [own, ...common.filter((path) => path !== own)];
}

function removeSync(path: string): void {
  demand(`Cannot remove ${path}`, { kind: "write", path });
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What Deno has only in its `process`, which costs nothing to look up when it is needed. */
function nodeProcess() {
  return (globalThis as unknown as {
    process: {
      kill(pid: number, signal: 0): true;
      listenerCount(event: string): number;
      listeners(event: "exit"): (() => void)[];
      on(event: "exit", listener: () => void): void;
      getBuiltinModule(name: "node:zlib"): {
        gunzipSync(bytes: Uint8Array, options: { maxOutputLength: number }): Uint8Array;
      };
    };
  }).process;
}

const table = {
  get platform() {
    return Deno.build.os;
  },
  readText(path: string): string {
    demand(`Cannot read ${path}`, { kind: "read", path });
    return Deno.readTextFileSync(path);
  },
  outputOf(program: string, args: readonly string[]): string {
    demand(`Cannot run ${program}`, { kind: "run", program });
    const { success, code, stdout } = new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stderr: "null",
    }).outputSync();
    if (!success) throw new Error(`${program} ended with exit code ${code}`);
    return new TextDecoder().decode(stdout);
  },
};

function isAlive(pid: number): boolean {
  if (pid !== Deno.pid) demand(`Cannot look for process ${pid}`, { kind: "run" });
  try {
    nodeProcess().kill(pid, 0);
    return isRunning(table, pid);
  } catch {
    return false;
  }
}

function signalProcess(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  demand(`Cannot signal process ${pid}`, { kind: "run" });
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended, which is what was wanted, or is not ours to signal.
  }
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  demand(`Cannot read ${path}`, { kind: "read", path });
  // The stream closes the file, also when it is left early.
  const file = await Deno.open(path);
  yield* file.readable;
}

async function listDirectory(path: string): Promise<readonly string[]> {
  demand(`Cannot list ${path}`, { kind: "read", path });
  const names: string[] = [];
  for await (const { name } of Deno.readDir(path)) names.push(name);
  return names;
}

async function shareWithGroup(path: string, groupId: number, mode: number): Promise<void> {
  demand(`Cannot share ${path}`, { kind: "write", path });
  await Deno.chown(path, null, groupId);
  await Deno.chmod(path, mode);
}

function removeTreeSync(path: string): void {
  demand(`Cannot remove ${path}`, { kind: "write", path });
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Deno. */
export function makeDenoRuntime(): Runtime {
  return {
    name: "deno",
    version: Deno.version.deno,
    platform: Deno.build.os,
    permits,
    hides,
    variable: (name) => permits({ kind: "env", name }) ? Deno.env.get(name) : undefined,
    readEnvironment,
    spawn,
    writeStdout,
    captureOutput,
    writeStderr,
    gunzip: (bytes, maxBytes) =>
      nodeProcess().getBuiltinModule("node:zlib")
        .gunzipSync(bytes, { maxOutputLength: Math.min(maxBytes, 2 ** 31 - 1) }),
    onSignal,
    onExit,
    hasOwnHandler,
    exit: (code) => Deno.exit(code),
    endLightly,
    raise: (signal) => Deno.kill(Deno.pid, signal),
    programArguments: Deno.args,
    pid: Deno.pid,
    parentPid: () => Deno.ppid,
    isAlive,
    startTimeOf: (pid) => startTimeOf(table, pid),
    signalProcess,
    outputOf: table.outputOf,
    currentDirectory: () => Deno.cwd(),
    readFile,
    listDirectory,
    shareWithGroup,
    temporaryDirectories,
    // The next two at once: they stand in the way of a start and of an end, and another thread
    // would have to be woken up for them.
    async makePrivateDirectory(parent) {
      demand(`Cannot make a directory in ${parent}`, { kind: "write", path: parent });
      return await Deno.makeTempDirSync({ dir: parent, prefix: TEMPORARY_PREFIX });
    },
    removeSync,
    async removeTree(path) {
      demand(`Cannot remove ${path}`, { kind: "write", path });
      return await removeTreeSync(path);
    },
    removeTreeSync,
  };
}
