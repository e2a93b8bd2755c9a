/** The system through Node's modules. */
import {
  type ChildProcess as NodeProcess,
  execFileSync,
  spawn as spawnProcess,
} from "node:child_process";
import { createReadStream, lstatSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { chmod, chown, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Readable, Writable } from "node:stream";
import { gunzipSync } from "node:zlib";
import type { ExitStatus } from "../errors.ts";
import { captureNodeStream, type OutputCapture } from "./output.ts";
import { isRunning, startTimeOf } from "./process_table.ts";
import type { ChildProcess, Runtime, SpawnOptions } from "./runtime.ts";
import { spawnError } from "./spawn_error.ts";
import { writeStderr } from "./stderr.ts";
import { TEMPORARY_PREFIX } from "./temporary_prefix.ts";

function spawn(options: SpawnOptions): Promise<ChildProcess> {
  const env: Record<string, string | undefined> = options.inheritEnv ? { ...process.env } : {};
  if (options.inheritEnv) {
    for (const name of options.withoutEnv) delete env[name];
  }
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown) =>
      reject(spawnError(options.program, (error as NodeJS.ErrnoException).code, error));
    try {
      const child = spawnProcess(options.program, [...options.args], {
        cwd: options.cwd,
        env: { ...env, ...options.env },
        stdio: [
          options.stdin === "inherit" ? "inherit" : options.stdin === "null" ? "ignore" : "pipe",
          "pipe",
          "pipe",
        ],
        windowsHide: true,
      });
      child.once("error", refuse);
      child.once("spawn", () => resolve(wrap(child)));
    } catch (error) {
      // Node throws the system's rarer answers, ENOTDIR or E2BIG, instead of reporting them.
      refuse(error);
    }
  });
}

function wrap(child: NodeProcess): ChildProcess {
  // A signal that cannot be sent is reported as an error of the child.
  child.on("error", () => {});
  return {
    pid: child.pid as number,
    ...(child.stdin !== null && {
      stdin: Writable.toWeb(child.stdin) as WritableStream<Uint8Array>,
    }),
    stdout: Readable.toWeb(child.stdout as Readable) as ReadableStream<
      Uint8Array
    >,
    stderr: Readable.toWeb(child.stderr as Readable) as ReadableStream<
      Uint8Array
    >,
    exited: new Promise<ExitStatus>((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
    }),
    kill: (signal) => void child.kill(signal),
  };
}

function writeStdout(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => error ? reject(error) : resolve());
  });
}

function captureOutput(capture: OutputCapture): () => void {
  const undo = [
    captureNodeStream(process.stdout, "STDOUT", capture),
    captureNodeStream(process.stderr, "STDERR", capture),
  ];
  return () => undo.forEach((restore) => restore());
}

function onSignal(
  signal: "SIGINT" | "SIGTERM",
  handler: () => void,
): () => void {
  process.on(signal, handler);
  return () => void process.off(signal, handler);
}

function onExit(handler: () => void): () => void {
  process.on("exit", handler);
  return () => void process.off("exit", handler);
}

function temporaryDirectories(): readonly string[] {
  const own = tmpdir();
  return process.platform === "win32" || own === "/tmp" ? [own] : [own, "/tmp"];
}

function removeSync(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) rmdirSync(path);
  else rmSync(path, { force: true });
}

function removeTreeSync(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

function signalProcess(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, which is what was wanted, or is not ours to signal.
  }
}

const table = {
  platform: process.platform,
  readText: (path: string) => readFileSync(path, "utf8"),
  outputOf: (program: string, args: readonly string[]) =>
    execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
};

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return isRunning(table, pid);
  } catch {
    // It does not exist, or belongs to somebody else.
    return false;
  }
}

async function shareWithGroup(path: string, groupId: number, mode: number): Promise<void> {
  await chown(path, process.getuid?.() ?? -1, groupId);
  await chmod(path, mode);
}

/** The most that a Buffer can hold on every machine. */
const MAX_GUNZIP_BYTES = 2 ** 31 - 1;

/** Node. */
export const nodeRuntime: Runtime = {
  name: "node",
  version: process.versions.node,
  platform: process.platform === "win32" ? "windows" : process.platform,
  permits: () => true,
  hides: () => false,
  variable: (name) => process.env[name],
  readEnvironment: () => Promise.resolve((name) => process.env[name]),
  spawn,
  writeStdout,
  captureOutput,
  writeStderr,
  gunzip: (bytes, maxBytes) =>
    gunzipSync(bytes, { maxOutputLength: Math.min(maxBytes, MAX_GUNZIP_BYTES) }),
  onSignal,
  onExit,
  hasOwnHandler: (signal) => process.listenerCount(signal) > 1,
  exit: (code) => process.exit(code),
  // Node does so anyway.
  endLightly() {},
  raise: (signal) => void process.kill(process.pid, signal),
  programArguments: process.argv.slice(2),
  pid: process.pid,
  parentPid: () => process.ppid,
  isAlive,
  startTimeOf: (pid) => startTimeOf(table, pid),
  signalProcess,
  outputOf: table.outputOf,
  currentDirectory: () => process.cwd(),
  readFile: (path) => createReadStream(path),
  listDirectory: (path) => readdir(path),
  shareWithGroup,
  temporaryDirectories,
  // The next two at once: they stand in the way of a start and of an end, and another thread
  // would have to be woken up for them.
  makePrivateDirectory: async (parent) => await mkdtempSync(join(parent, TEMPORARY_PREFIX)),
  removeSync,
  removeTree: async (path) => await removeTreeSync(path),
  removeTreeSync,
};
