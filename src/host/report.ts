/** What an error of a failed start says of the plugin. */
import { describeExit, type PluginError, type StartReport } from "../errors.ts";

/**
 * Adds to an error what was known of the plugin when its start failed, in its
 * fields and, for whoever reads it on a terminal, in its message.
 */
export function attachReport(error: PluginError, report: StartReport): void {
  error.report = report;
  const lines = [`Command: ${report.command.join(" ")}`];
  if (report.exit !== undefined) lines.push(`The plugin ended with ${describeExit(report.exit)}`);
  if (report.diagnosis !== undefined) lines.push(report.diagnosis);
  if (report.stderr.length > 0) {
    lines.push("The last lines of its stderr:", ...report.stderr.map((line) => `  ${line}`));
  }
  if (error.hint !== undefined) lines.push(`Hint: ${error.hint}`);
  const message = [error.message, ...lines].join("\n");
  // What is printed for an uncaught error is its stack, which holds the message of old.
  if (error.stack !== undefined) {
    error.stack = error.stack.replace(error.message, () => message);
  }
  error.message = message;
}
