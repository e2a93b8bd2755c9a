/** Guesses why a plugin did not start, from the error and what the plugin printed. */
import {
  ConnectError,
  HandshakeError,
  type PluginError,
  PluginExitedError,
  StartTimeoutError,
} from "../errors.ts";

/** What to do about a failed start, if the signs are clear. */
export function hintFor(error: PluginError, stderr: readonly string[]): string | undefined {
  const text = stderr.join("\n");
  if (/not meant to be (executed|run)|magic cookie|is a plugin/i.test(text)) {
    return "Host and plugin disagree on the magic cookie: compare magicCookieKey and magicCookieValue";
  }
  const flags = text.match(/--allow-[a-z]+(=\S+)?/g);
  if (flags !== null) {
    return `The plugin lacks permissions: add ${[...new Set(flags)].join(" ")} to its command`;
  }
  if (/Module not found|Cannot find module|ERR_MODULE_NOT_FOUND/.test(text)) {
    return "The plugin's script or one of its imports is missing: check the path and the cwd";
  }
  if (error instanceof PluginExitedError) {
    return error.exit.code === 127
      ? "The shell did not find the program"
      : "Run the command by hand: a plugin then says that it is one, anything else shows its error";
  }
  if (error instanceof StartTimeoutError) {
    return "Check that the program is a plugin; if it is only slow, raise startTimeoutMs";
  }
  if (error instanceof HandshakeError) {
    return "Check that the program is a plugin and prints nothing to stdout while it starts";
  }
  if (error instanceof ConnectError) {
    return "The plugin announced an address but does not serve there as announced";
  }
  return undefined;
}
