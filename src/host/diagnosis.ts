/** Guesses why a plugin did not start, from the error and what the plugin printed. */
import {
  ConnectError,
  HandshakeError,
  MultiplexError,
  type PluginError,
  PluginExitedError,
  StartTimeoutError,
} from "../errors.ts";

/** What a plugin printed, and what it means; the first that fits counts. */
const SIGNS: readonly (readonly [sign: RegExp, hint: string])[] = [
  [
    /not meant to be (executed|run)|magic cookie/i,
    "Host and plugin disagree on the magic cookie: compare magicCookieKey and magicCookieValue",
  ],
  [
    /Module not found|Cannot find module|ERR_MODULE_NOT_FOUND/,
    "The plugin's script or one of its imports is missing: check the path and the cwd",
  ],
  [
    // The system hands a file that it cannot run to the shell, which reads it as a script.
    /Exec format error|cannot execute|\bELF|\ufffd/,
    "The program is built for another operating system or processor",
  ],
];

/** What to do about a failed start, if the signs are clear. */
export function hintFor(error: PluginError, stderr: readonly string[]): string | undefined {
  const text = stderr.join("\n");
  // What is only told, as of a plugin that went to TCP instead, is no obstacle.
  const flags = stderr.filter((line) => !/"@level":"(trace|debug|info)"/.test(line)).join("\n")
    .match(/--allow-[a-z]+(=[^\s"'`$\\]+)?(?=[\s"'\\]|$)/gm);
  if (flags !== null) {
    return `The plugin lacks permissions: add ${[...new Set(flags)].join(" ")} to its command`;
  }
  const found = SIGNS.find(([sign]) => sign.test(text));
  return found?.[1] ?? hintForKind(error);
}

function hintForKind(error: PluginError): string | undefined {
  if (error instanceof PluginExitedError) {
    return error.exit.code === 127
      ? "A program was not found: check the command, and PATH"
      : "Run the command by hand: a plugin then says that it is one, anything else shows its error";
  }
  if (error instanceof StartTimeoutError) {
    return "Check that the program is a plugin; if it is only slow, raise startTimeoutMs";
  }
  if (error instanceof MultiplexError) {
    return "Leave grpcBrokerMultiplex out for this plugin, or update it";
  }
  if (error instanceof HandshakeError) {
    return "Check that the program is a plugin and prints nothing to stdout while it starts";
  }
  if (error instanceof ConnectError) {
    return "The plugin announced an address but does not serve there as announced";
  }
  return undefined;
}
