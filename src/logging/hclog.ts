/** hclog's two forms of a log entry: JSON between plugin and host, text for people. */
import { type EntryLevel, LOG_LEVELS, type LogFields } from "./levels.ts";

/** A log entry. */
export interface LogEntry {
  /** How important it is. */
  readonly level: EntryLevel;
  /** The name of the logger, empty for none. */
  readonly name: string;
  /** What happened. */
  readonly message: string;
  /** Details by key. */
  readonly fields: LogFields;
  /** When it happened. */
  readonly time: Date;
}

/**
 * Prints an entry as hclog's JSON, in one line.
 *
 * A Go host wants exactly six digits behind the second, where JavaScript has
 * three, and crashes on a `@message` that is no string.
 *
 * Source: hclog `intlogger.go`, `logJSON`; go-plugin `log_entry.go`.
 */
export function formatJsonEntry(entry: LogEntry): string {
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(entry.fields)) {
    // Nothing may take the place of what the host reads.
    fields[key.startsWith("@") ? `field_${key.slice(1)}` : key] = plain(value);
  }
  return JSON.stringify({
    "@level": entry.level,
    "@message": String(entry.message),
    ...(entry.name !== "" && { "@module": entry.name }),
    "@timestamp": entry.time.toISOString().replace("Z", "000Z"),
    ...fields,
  });
}

/** A value that `JSON.stringify` takes without throwing or losing it. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return value.message;
  if (
    typeof value === "bigint" || typeof value === "symbol" ||
    typeof value === "function"
  ) {
    return String(value);
  }
  try {
    JSON.stringify(value);
    return value;
  } catch {
    // A cycle, or a toJSON that throws: the entry is worth more than this field.
    return String(value);
  }
}

/**
 * Prints an entry as hclog's text: time, level, name, message, `key=value`.
 *
 * Source: hclog `intlogger.go`, `logPlain`.
 */
export function formatTextEntry(entry: LogEntry): string {
  const level = `[${entry.level.toUpperCase()}]`.padEnd(7);
  const name = entry.name === "" ? "" : `${entry.name}: `;
  const fields = Object.entries(entry.fields).map(([key, value]) => ` ${key}=${quoted(value)}`);
  const colon = fields.length > 0 ? ":" : "";
  return `${entry.time.toISOString()} ${level} ${name}${entry.message}${colon}${fields.join("")}`;
}

function quoted(value: unknown): string {
  const safe = plain(value);
  const text = typeof safe === "string" ? safe : JSON.stringify(safe) ?? "undefined";
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** What a plugin's log line says, once its JSON is read. */
export interface ParsedEntry {
  /** The level it was logged at. */
  readonly level: EntryLevel;
  /** Its message. */
  readonly message: string;
  /** Every other key, with the plugin's time as `timestamp` at the end. */
  readonly fields: LogFields;
}

/**
 * Reads a line of hclog's JSON.
 *
 * Time stamps of any precision are taken, where a Go host insists on six
 * digits; a missing one leaves `timestamp` out.
 *
 * @returns The entry, or `undefined` for anything that is not an object with a
 * known level: the caller logs such a line as it stands.
 *
 * Source: go-plugin `log_entry.go`, `parseJSON`.
 */
export function parseJsonEntry(line: string): ParsedEntry | undefined {
  if (!line.trimStart().startsWith("{")) return undefined;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line);
  } catch {
    // Text that only looks like JSON: not an entry.
    return undefined;
  }
  const {
    "@message": message = "",
    "@level": name,
    "@timestamp": timestamp,
    ...fields
  } = value;
  const level = typeof name === "string" ? parseLevel(name) : undefined;
  if (level === undefined || typeof message !== "string") return undefined;
  return {
    level,
    message,
    fields: timestamp === undefined ? fields : { ...fields, timestamp },
  };
}

function parseLevel(name: string): EntryLevel | undefined {
  const level = LOG_LEVELS.find((known) => known === name.trim().toLowerCase());
  return level === "off" ? undefined : level;
}
