/** What this module needs of the system, and the choice between Deno and Node. */
import type { ExitStatus } from "../errors.ts";
import { makeDenoRuntime } from "./deno.ts";
import type { OutputCapture } from "./output.ts";
import { TEMPORARY_PREFIX } from "./temporary_prefix.ts";

/**
 * A right that Deno may withhold. Node grants everything. Without a name, a
 * program, a path or a host it is the right to all of them.
 */
export type Access =
  | { readonly kind: "env"; readonly name?: string }
  | { readonly kind: "run"; readonly program?: string }
  | { readonly kind: "read" | "write"; readonly path?: string }
  | { readonly kind: "net"; readonly host?: string };

/** What to start and how. */
export interface SpawnOptions {
  /** The program: a path, or a name to look up in `PATH`. */
  readonly program: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** The directory to run it in; the host's own if left out. */
  readonly cwd?: string | undefined;
  /** Variables to set; they win over inherited ones. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the host's variables are inherited. */
  readonly inheritEnv: boolean;
  /** Inherited variables that the process must not see. */
  readonly withoutEnv: readonly string[];
  /** Whether stdin is the host's, empty, or written to by the host. */
  readonly stdin: "inherit" | "null" | "piped";
}

/** A process that was started. */
export interface ChildProcess {
  /** Its process id. */
  readonly pid: number;
  /** Where to write its stdin, if that is piped. */
  readonly stdin?: WritableStream<Uint8Array>;
  /** What it writes to stdout. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** What it writes to stderr. */
  readonly stderr: ReadableStream<Uint8Array>;
  /** Resolves when the process has ended; never rejects, and does not wait for its pipes. */
  readonly exited: Promise<ExitStatus>;
  /** Sends a signal; does nothing once the process has ended. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** Deno or Node, as far as this module needs it. */
export interface Runtime {
  /** Which of the two it is. */
  readonly name: "deno" | "node";
  /** The version of the runtime, such as `2.9.6`. */
  readonly version: string;
  /** The operating system: `linux`, `darwin`, `windows`, … */
  readonly platform: string;
  /** Whether a right is granted. Never prompts. */
  permits(access: Access): boolean;
  /** Whether a variable looks unset, whatever it is, since Deno was told `--ignore-env`. */
  hides(name: string): boolean;
  /**
   * Reads environment variables. On Deno without `--allow-env` it asks the
   * program `env`, which `--allow-run` permits; what is hidden otherwise is
   * unset.
   *
   * @throws {PermissionError} If neither is permitted.
   */
  readEnvironment(
    names: readonly string[],
  ): Promise<(name: string) => string | undefined>;
  /** A variable of the environment; `undefined` if it is unset or may not be read. */
  variable(name: string): string | undefined;
  /**
   * Starts a process.
   *
   * @throws {SpawnError} If the system refuses.
   * @throws {PermissionError} If `--allow-run` is missing.
   */
  spawn(options: SpawnOptions): Promise<ChildProcess>;
  /** Writes to stdout, all of it. */
  writeStdout(text: string): Promise<void>;
  /**
   * Takes over what the program prints, by whichever means of the language.
   * Our own log still goes to stderr.
   *
   * @returns Gives it back.
   */
  captureOutput(capture: OutputCapture): () => void;
  /** Writes to stderr, before it returns. */
  writeStderr(text: string): void;
  /**
   * Undoes gzip. What it needs is loaded when it is first used.
   *
   * @throws {Error} If the bytes are none, or make more than `maxBytes` bytes.
   */
  gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array;
  /** Calls back on a signal to this process until the returned function is called. */
  onSignal(signal: "SIGINT" | "SIGTERM", handler: () => void): () => void;
  /** Calls back, synchronously, when this process ends, until the returned function is called. */
  onExit(handler: () => void): () => void;
  /** Whether the program itself handles the signal too, as far as that can be seen. */
  hasOwnHandler(signal: "SIGINT" | "SIGTERM"): boolean;
  /** Ends this process. */
  exit(code: number): never;
  /**
   * Has this process leave its memory to the system, once the program has come
   * to its end by itself, instead of taking it apart first. Nothing a program
   * does at its end is left out, but for the finalizers of native add-ons.
   */
  endLightly(): void;
  /** Ends this process by a signal, unless the program handles it. */
  raise(signal: "SIGINT" | "SIGTERM"): void;
  /** The program's arguments. */
  readonly programArguments: readonly string[];
  /** The id of this process. */
  readonly pid: number;
  /** The id of the process that started this one. On POSIX it changes when that one ends. */
  parentPid(): number;
  /**
   * Whether a process that this one need not have started runs and may be
   * signalled.
   *
   * @throws {PermissionError} If `--allow-run` is missing.
   */
  isAlive(pid: number): boolean;
  /**
   * When a process started, in the system's own words, which tell it from a
   * later one of the same id; `undefined` where the system does not say.
   */
  startTimeOf(pid: number): string | undefined;
  /** Signals a process that this one need not have started; does nothing if it has ended. */
  signalProcess(pid: number, signal: "SIGTERM" | "SIGKILL"): void;
  /**
   * Runs a program to its end and gives what it wrote to stdout.
   *
   * @throws {Error} If it cannot be run or fails.
   */
  outputOf(program: string, args: readonly string[]): string;
  /** The directory that relative paths are relative to. */
  currentDirectory(): string;
  /** Reads a file piece by piece. */
  readFile(path: string): AsyncIterable<Uint8Array>;
  /** The names in a directory. */
  listDirectory(path: string): Promise<readonly string[]>;
  /** Gives a file or directory to a group and sets its mode. */
  shareWithGroup(path: string, groupId: number, mode: number): Promise<void>;
  /** The directories to try for temporary files, the system's own first. */
  temporaryDirectories(): readonly string[];
  /** Makes a directory inside `parent` that only this user can enter. */
  makePrivateDirectory(parent: string): Promise<string>;
  /** Removes a file or an empty directory; one that is not there is fine. */
  removeSync(path: string): void;
  /** Removes a directory with all that is in it; one that is not there is fine. */
  removeTree(path: string): Promise<void>;
  /** The same, before it returns: for the end of this process. */
  removeTreeSync(path: string): void;
}

let runtime: Promise<Runtime> | undefined;

/** The runtime this program runs on. Deno's adapter loads nothing; Node's is loaded when it is used. */
export function loadRuntime(): Promise<Runtime> {
  runtime ??= "Deno" in globalThis
    ? Promise.resolve(makeDenoRuntime())
    : import("./node.ts").then((module) => module.nodeRuntime);
  return runtime;
}

/** Whether a path is that of a directory which `makePrivateDirectory` made, in this process or another. */
export function isPrivateDirectory(path: string): boolean {
  return new RegExp(`[/\\\\]${TEMPORARY_PREFIX}[0-9A-Za-z]{6,16}$`).test(path);
}
