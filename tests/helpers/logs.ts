/** A logger that keeps its entries. */
import type { EntryLevel, LogFields, Logger, LogLevel } from "@x/goplugin";

/** An entry as it was logged. */
export interface RecordedEntry {
  readonly name: string;
  readonly level: EntryLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger and what it was given. */
export interface Recorder {
  readonly logger: Logger;
  readonly entries: RecordedEntry[];
}

/** Makes a logger that keeps its entries, those of its named loggers included. */
export function recordLogs(level: LogLevel = "trace"): Recorder {
  const entries: RecordedEntry[] = [];
  const make = (name: string): Logger => {
    const at = (entryLevel: EntryLevel) => (message: string, fields: LogFields = {}) =>
      void entries.push({ name, level: entryLevel, message, fields });
    return {
      level,
      trace: at("trace"),
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      named: (part) => make(name === "" ? part : `${name}.${part}`),
    };
  };
  return { logger: make(""), entries };
}
