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
  const pairs: [key: string, value: unknown][] = [
    ["@level", entry.level],
    ["@message", String(entry.message)],
    ["@module", entry.name === "" ? undefined : entry.name],
    ["@timestamp", entry.time.toISOString().replace("Z", "000Z")],
  ];
  for (const [key, value] of Object.entries(entry.fields)) {
    // Nothing may take the place of what the host reads.
    pairs.push([key.startsWith("@") ? `field_${key.slice(1)}` : key, value]);
  }
  const members = pairs.map(([key, value]) => [JSON.stringify(key), toJson(value)])
    .filter(([, json]) => json !== undefined);
  return `{${members.map((member) => member.join(":")).join(",")}}`;
}

/** The JSON of a value, whatever that is: the entry is worth more than one of its fields. */
function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_, inner) => plain(inner));
  } catch {
    // A cycle, a toJSON that throws, more levels than the stack has room for.
    return '"(cannot be printed)"';
  }
}

/** What stands for a value that JSON cannot hold or would lose. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return value.message;
  return ["bigint", "symbol", "function"].includes(typeof value) ? String(value) : value;
}

/**
 * Prints an entry as hclog's text, in one line: time, level, name, message,
 * `key=value`.
 *
 * Source: hclog `intlogger.go`, `logPlain`, which leaves line breaks in messages.
 */
export function formatTextEntry(entry: LogEntry): string {
  const level = `[${entry.level.toUpperCase()}]`.padEnd(7);
  const name = entry.name === "" ? "" : `${entry.name}: `;
  const fields = Object.entries(entry.fields)
    .map(([key, value]) => ` ${quoted(key)}=${quoted(value)}`);
  const colon = fields.length > 0 ? ":" : "";
  const message = String(entry.message).replace(/\r?\n|\r/g, "\\n");
  return `${entry.time.toISOString()} ${level} ${name}${message}${colon}${fields.join("")}`;
}

function quoted(value: unknown): string {
  const json = toJson(value) ?? "undefined";
  const text = json.startsWith('"') ? JSON.parse(json) as string : json;
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
