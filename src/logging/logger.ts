/** The small logger that host and plugin write to, and the two forms they print. */
import { formatJsonEntry, formatTextEntry } from "./hclog.ts";
import { type EntryLevel, isLogged, type LogFields, type LogLevel } from "./levels.ts";

/**
 * What this module logs to. Wrap a logger of your own in it, or make one with
 * `createLogger`.
 *
 * Source: the part of hclog's `Logger` that go-plugin uses.
 */
export interface Logger {
  /** Entries below it are not wanted; the module then saves the work of making them. */
  readonly level: LogLevel;
  /** Logs what only matters when following single steps. */
  trace(message: string, fields?: LogFields): void;
  /** Logs what helps to find an error. */
  debug(message: string, fields?: LogFields): void;
  /** Logs the normal course of things. */
  info(message: string, fields?: LogFields): void;
  /** Logs what is odd but not in the way. */
  warn(message: string, fields?: LogFields): void;
  /** Logs what went wrong. */
  error(message: string, fields?: LogFields): void;
  /** A logger whose name has this part added, behind a dot. */
  named(name: string): Logger;
}

/** How a logger prints. */
export interface LoggerOptions {
  /** Stands in front of every message. @default {""} */
  readonly name?: string;
  /** Entries below it are dropped. @default {"trace"} */
  readonly level?: LogLevel;
  /**
   * `text` for people; `json` for a go-plugin host, which reads one JSON object
   * a line from its plugins' stderr. @default {"text"}
   */
  readonly format?: "text" | "json";
  /** Takes each finished line, without its line break. */
  readonly write: (line: string) => void;
}

/** Makes a logger that hands its lines to `write`. */
export function makeLogger(options: LoggerOptions): Logger {
  const { name = "", level = "trace", write } = options;
  const format = options.format === "json" ? formatJsonEntry : formatTextEntry;
  const at = (entryLevel: EntryLevel) => (message: string, fields?: LogFields) => {
    if (isLogged(entryLevel, level)) {
      write(
        format({
          level: entryLevel,
          name,
          message,
          fields: fields ?? {},
          time: new Date(),
        }),
      );
    }
  };
  return {
    level,
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    named: (part) => makeLogger({ ...options, name: name === "" ? part : `${name}.${part}` }),
  };
}
