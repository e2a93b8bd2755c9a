/** Log levels, and what an entry carries beside its message. */

/** Levels in rising order; a logger at `off` prints nothing. */
export const LOG_LEVELS: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "off"];

/** How important an entry must be to be printed. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "off";

/** How important an entry is. */
export type EntryLevel = Exclude<LogLevel, "off">;

/** Key and value pairs of an entry. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Whether a logger at level `threshold` prints entries of `level`. */
export function isLogged(level: EntryLevel, threshold: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(threshold);
}
