/** Turns what a plugin writes to stderr into log entries of the host. */
import { parseJsonEntry } from "./hclog.ts";
import { type EntryLevel, isLogged, type LogFields } from "./levels.ts";
import type { Logger } from "./logger.ts";

/** One line, or one piece of a line that is too long. */
export interface StderrPiece {
  /** The text, without its line ending. */
  readonly bytes: Uint8Array;
  /** Whether the line ends here. */
  readonly endsLine: boolean;
  /** Whether it is a piece of a line that did not fit the buffer. */
  readonly isPartial: boolean;
}

const LF = 10;
const CR = 13;

/**
 * Cuts a stream of bytes into lines. LF and CR LF end a line; a longer line
 * than the buffer comes in pieces of its size.
 *
 * Source: go-plugin `client.go`, `logStderr`; Go `bufio.Reader.ReadLine`.
 */
export class LineCutter {
  readonly #buffer: Uint8Array;
  #length = 0;
  #insideLongLine = false;

  /** Sets the size of the buffer, in bytes; 16 is the least. */
  constructor(bufferBytes: number) {
    this.#buffer = new Uint8Array(Math.max(16, bufferBytes));
  }

  /** Takes the next bytes and gives the lines and pieces they complete. */
  *push(chunk: Uint8Array): Generator<StderrPiece> {
    for (let offset = 0; offset < chunk.length;) {
      // The LF has to fit the buffer as well: a line that fills it is too long.
      const room = this.#buffer.length - this.#length;
      const taken = chunk.subarray(offset, offset + room);
      const end = taken.indexOf(LF);
      const text = end < 0 ? taken : taken.subarray(0, end);
      this.#buffer.set(text, this.#length);
      this.#length += text.length;
      offset += end < 0 ? text.length : end + 1;
      if (end >= 0) yield this.#takeLine(true);
      else if (this.#length === this.#buffer.length) yield this.#takePiece();
    }
  }

  /** Gives the last line, if it lacks its line break. */
  *end(): Generator<StderrPiece> {
    if (this.#length > 0) yield this.#takeLine(false);
  }

  #takePiece(): StderrPiece {
    // A CR at the end may belong to a line break whose LF is still to come.
    const held = this.#buffer[this.#length - 1] === CR ? 1 : 0;
    const bytes = this.#buffer.slice(0, this.#length - held);
    if (held === 1) this.#buffer[0] = CR;
    this.#length = held;
    this.#insideLongLine = true;
    return { bytes, endsLine: false, isPartial: true };
  }

  #takeLine(hasLineBreak: boolean): StderrPiece {
    const dropped = hasLineBreak && this.#buffer[this.#length - 1] === CR && this.#length > 0
      ? 1
      : 0;
    const bytes = this.#buffer.slice(0, this.#length - dropped);
    const isPartial = this.#insideLongLine;
    this.#length = 0;
    this.#insideLongLine = false;
    return { bytes, endsLine: true, isPartial };
  }
}

/** A line as the host logs it. */
export interface ClassifiedLine {
  /** The level to log it at. */
  readonly level: EntryLevel;
  /** The message. */
  readonly message: string;
  /** Details by key. */
  readonly fields: LogFields;
}

const PREFIXES = [
  ["[TRACE]", "trace"],
  ["[DEBUG]", "debug"],
  ["[INFO]", "info"],
  ["[WARN]", "warn"],
  ["[ERROR]", "error"],
] as const;

/**
 * Finds level, message and details of each line: hclog's JSON, a level in
 * brackets at the start of the line, or a Go panic, after which every line
 * without a level is an error.
 *
 * Source: go-plugin `client.go`, `logStderr`.
 */
export class LineClassifier {
  #inPanic = false;

  /** Finds level, message and details of the next line. */
  classify(line: string): ClassifiedLine {
    const entry = parseJsonEntry(line);
    if (entry !== undefined) return entry;
    // An object without a level is logged as it stands, even after a panic.
    if (isJsonObject(line)) {
      return { level: "debug", message: line, fields: {} };
    }
    return { level: this.#textLevel(line), message: line, fields: {} };
  }

  #textLevel(line: string): ClassifiedLine["level"] {
    for (const [prefix, level] of PREFIXES) {
      if (line.startsWith(prefix)) return level;
    }
    if (line.startsWith("panic: ") || line.startsWith("fatal error: ")) {
      this.#inPanic = true;
    }
    return this.#inPanic ? "error" : "debug";
  }
}

function isJsonObject(line: string): boolean {
  const start = line.trimStart()[0];
  // `null` counts as an object without keys, as it does for Go's decoder.
  if (start !== "{" && start !== "n") return false;
  try {
    return typeof JSON.parse(line) === "object";
  } catch {
    return false;
  }
}

/** What a {@linkcode StderrLog} does with a plugin's stderr. */
export interface StderrLogOptions {
  /** Takes the entries. */
  readonly logger: Logger;
  /** The longest line that is read as one, in bytes. */
  readonly bufferBytes: number;
  /** Takes a copy of the bytes, each line ended by LF. */
  readonly copy?: ((bytes: Uint8Array) => void) | undefined;
  /** How many of the last lines are kept for error messages. */
  readonly keepLines: number;
}

/** The escape sequences that colour a terminal. */
// deno-lint-ignore no-control-regex -- they start with a control character
const COLOURS = /\x1b\[[0-9;]*m/g;

/** Logs a plugin's stderr, copies it, and remembers its last lines. */
export class StderrLog {
  readonly #options: StderrLogOptions;
  readonly #cutter: LineCutter;
  readonly #classifier = new LineClassifier();
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #lastLines: string[] = [];

  /** Sets where the entries go. */
  constructor(options: StderrLogOptions) {
    this.#options = options;
    this.#cutter = new LineCutter(options.bufferBytes);
  }

  /** The last lines, oldest first. */
  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  /** Takes the next bytes of the plugin's stderr. */
  push(chunk: Uint8Array): void {
    for (const piece of this.#cutter.push(chunk)) this.#take(piece);
  }

  /** Takes note that there will be no more. */
  end(): void {
    for (const piece of this.#cutter.end()) this.#take(piece);
  }

  #take(piece: StderrPiece): void {
    const { logger, copy, keepLines } = this.#options;
    copy?.(piece.bytes);
    if (piece.endsLine) copy?.(Uint8Array.of(LF));
    // A character that two pieces share comes whole, with the second.
    const text = this.#decoder.decode(piece.bytes, { stream: !piece.endsLine });
    this.#lastLines.push(text.replace(COLOURS, "").slice(0, 1000));
    if (this.#lastLines.length > keepLines) this.#lastLines.shift();
    if (logger.level === "off") return;
    if (piece.isPartial) return logger.debug(text);
    const { level, message, fields } = this.#classifier.classify(text);
    if (isLogged(level, logger.level)) logger[level](message, fields);
  }
}
