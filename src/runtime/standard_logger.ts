/** Loggers that print to this process's stderr. */
import { type Logger, type LoggerOptions, makeLogger } from "../logging/logger.ts";
import { writeStderr } from "./stderr.ts";

/**
 * Makes a logger that prints to stderr, or wherever `write` puts its lines.
 *
 * @example
 * ```ts
 * import { createLogger } from "@x/goplugin";
 *
 * const logger = createLogger({ name: "host", level: "warn" });
 * logger.debug("not printed");
 * ```
 */
export function createLogger(
  options:
    & Omit<LoggerOptions, "write">
    & Partial<Pick<LoggerOptions, "write">> = {},
): Logger {
  return makeLogger({ write: (line) => writeStderr(`${line}\n`), ...options });
}
