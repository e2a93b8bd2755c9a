/** What a plugin writes to stdout and stderr: its first line, its log, and the rest. */
import type { Logger } from "../logging/logger.ts";
import { StderrLog } from "../logging/stderr_log.ts";
import type { OutputSink } from "../rpc/stdio.ts";
import { waitAtMost } from "../runtime/wait.ts";

/** A longer first line is no handshake: Go's scanner gives up there as well. */
const MAX_LINE_LENGTH = 64 * 1024;
/** How many lines of stderr an error message shows: enough for a stack trace and what it is of. */
const KEPT_LINES = 24;
/** How long the pipes are read on after the process has ended: a grandchild may hold them open. */
const LAST_WORDS_MS = 250;
const LF = 10;

/** What to do with a plugin's stderr. */
export interface StderrConfig {
  /** Takes the entries. */
  readonly logger: Logger;
  /** The longest line that is read as one, in bytes. */
  readonly logBufferBytes: number;
  /** Takes a copy. */
  readonly stderr: OutputSink | undefined;
}

/** The two ends to read. */
export interface Pipes {
  /** What the plugin writes to stdout. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** What the plugin writes to stderr. */
  readonly stderr: ReadableStream<Uint8Array>;
}

/** Reads a plugin's pipes from the start, to their end. */
export class PluginPipes {
  /** Resolves with the first line on stdout, `undefined` if there is none. */
  readonly firstLine: Promise<string | undefined>;
  readonly #log: StderrLog;
  readonly #read: Promise<unknown>;
  readonly #readers: readonly ReadableStreamDefaultReader<Uint8Array>[];

  /** Starts to read. */
  constructor(pipes: Pipes, config: StderrConfig) {
    const copied: Uint8Array[] = [];
    this.#log = new StderrLog({
      logger: config.logger,
      bufferBytes: config.logBufferBytes,
      copy: config.stderr && ((bytes) => copied.push(bytes)),
      keepLines: KEPT_LINES,
    });
    const stdout = pipes.stdout.getReader();
    const stderr = pipes.stderr.getReader();
    this.#readers = [stdout, stderr];
    let reading: Promise<void> | undefined;
    this.firstLine = new Promise((resolve) => {
      reading = readStdout(stdout, resolve);
    });
    this.#read = Promise.all([reading, this.#readStderr(stderr, config, copied)]);
  }

  /** The last lines of stderr, oldest first. */
  get lastLines(): readonly string[] {
    return this.#log.lastLines;
  }

  /** Reads the last words of a process that has ended, and closes the pipes. */
  async finish(): Promise<void> {
    await waitAtMost(this.#read, LAST_WORDS_MS);
    await Promise.allSettled(this.#readers.map((reader) => reader.cancel()));
  }

  async #readStderr(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    { stderr, logger }: StderrConfig,
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
