/** The plugin's process: its first line, its log, its end. */
import { type ExitStatus, PluginExitedError } from "../errors.ts";
import type { Logger } from "../logging/logger.ts";
import { StderrLog } from "../logging/stderr_log.ts";
import type { OutputSink } from "../rpc/stdio.ts";
import type { ChildProcess } from "../runtime/runtime.ts";
import { waitAtMost } from "../runtime/wait.ts";

/** A longer first line is no handshake: Go's scanner gives up there as well. */
const MAX_LINE_LENGTH = 64 * 1024;
/** How many lines of stderr an error message shows. */
const KEPT_LINES = 12;
/** How long the pipes are read on after the process has ended: a grandchild may hold them open. */
const LAST_WORDS_MS = 250;
const LF = 10;

/** What to do with a plugin's stderr. */
export interface ProcessOutput {
  /** Takes the entries. */
  readonly logger: Logger;
  /** The longest line that is read as one, in bytes. */
  readonly logBufferBytes: number;
  /** Takes a copy. */
  readonly stderr: OutputSink | undefined;
}

/** A plugin's process. Its pipes are read from the start, to their end. */
export class PluginProcess {
  /** The process id. */
  readonly pid: number;
  /** Resolves with the first line on stdout, `undefined` if there is none. */
  readonly firstLine: Promise<string | undefined>;
  /** Resolves when the process has ended and its last words were read. */
  readonly ended: Promise<ExitStatus>;
  /** How it ended, once it has. */
  exit: ExitStatus | undefined;
  readonly #child: ChildProcess;
  readonly #log: StderrLog;

  /** Starts to read the pipes of a process. */
  constructor(child: ChildProcess, output: ProcessOutput) {
    this.#child = child;
    this.pid = child.pid;
    const copied: Uint8Array[] = [];
    this.#log = new StderrLog({
      logger: output.logger,
      bufferBytes: output.logBufferBytes,
      copy: output.stderr && ((bytes) => copied.push(bytes)),
      keepLines: KEPT_LINES,
    });
    const stdout = child.stdout.getReader();
    const stderr = child.stderr.getReader();
    let reading: Promise<void> | undefined;
    this.firstLine = new Promise((resolve) => {
      reading = readStdout(stdout, resolve);
    });
    const pipes = Promise.all([reading, this.#readStderr(stderr, output, copied)]);
    this.ended = child.exited.then(async (exit) => {
      this.exit = exit;
      await waitAtMost(pipes, LAST_WORDS_MS);
      await Promise.allSettled([stdout.cancel(), stderr.cancel()]);
      return exit;
    });
  }

  /** The last lines of stderr, oldest first. */
  get lastLines(): readonly string[] {
    return this.#log.lastLines;
  }

  /** Sends a signal; does nothing once the process has ended. */
  signal(name: "SIGTERM" | "SIGKILL"): void {
    this.#child.kill(name);
  }

  /** The error that its end is for whoever still wanted something of it. */
  exitError(exit: ExitStatus): PluginExitedError {
    return new PluginExitedError("The plugin has ended", exit);
  }

  async #readStderr(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    { stderr, logger }: ProcessOutput,
    copied: Uint8Array[],
  ): Promise<void> {
    for await (const chunk of chunksOf(reader)) {
      this.#log.push(chunk);
      for (const bytes of copied.splice(0)) await passOn(stderr, bytes, logger);
    }
    this.#log.end();
    for (const bytes of copied.splice(0)) await passOn(stderr, bytes, logger);
  }
}

async function passOn(
  sink: OutputSink | undefined,
  bytes: Uint8Array,
  logger: Logger,
): Promise<void> {
  try {
    await sink?.(bytes);
  } catch (error) {
    // A sink that fails must not keep the pipe from being read.
    logger.error("the plugin's stderr could not be passed on", { error });
  }
}

/**
 * Finds the first line and then drops what comes: a pipe that nobody reads
 * would block the plugin.
 */
async function readStdout(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  found: (line: string | undefined) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let line = "";
  let isFound = false;
  for await (const chunk of chunksOf(reader)) {
    if (isFound) continue;
    const end = chunk.indexOf(LF);
    line += decoder.decode(end < 0 ? chunk : chunk.subarray(0, end), { stream: true });
    isFound = end >= 0 || line.length > MAX_LINE_LENGTH;
    if (isFound) found(line.length > MAX_LINE_LENGTH ? undefined : line);
  }
  // The end of the stream ends a line as well.
  if (!isFound) found(line === "" ? undefined : line);
}

async function* chunksOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch {
    // A pipe that breaks has ended; what there is to say of it, the exit status says.
  }
}
