/** Log levels, and what an entry carries beside its message. */

/** Levels in rising order; a logger at `off` prints nothing. */
export const LOG_LEVELS = [
  "trace",
  "debug",
  "info",
  "warn",
  "error",
  "off",
] as const;

/** How important an entry must be to be printed. */
export type LogLevel = typeof LOG_LEVELS[number];

/** How important an entry is. */
export type EntryLevel = Exclude<LogLevel, "off">;

/** Key and value pairs of an entry. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Whether a logger at level `threshold` prints entries of `level`. */
export function isLogged(level: EntryLevel, threshold: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(threshold);
}
