/** The magic cookie: tells a plugin that a host started it, not a person. */
import { MagicCookieError } from "../errors.ts";

/**
 * What host and plugin must agree on before anything else.
 *
 * Source: go-plugin `HandshakeConfig`.
 */
export interface HandshakeConfig {
  /**
   * The version of the application's own protocol: the one under which
   * `plugins` is offered. Not needed when only `versionedPlugins` is used.
   *
   * @default {0}
   */
  readonly protocolVersion?: number;
  /** The name of the environment variable that holds the cookie. */
  readonly magicCookieKey: string;
  /** The cookie. It is no secret: it only keeps people from running a plugin by hand. */
  readonly magicCookieValue: string;
}

/**
 * Checks that the environment holds the magic cookie.
 *
 * @param found The value of the environment variable, `undefined` if unset.
 * @throws {MagicCookieError} Meant to be shown to whoever ran the program.
 *
 * Source: go-plugin `server.go`, `Serve`.
 */
export function checkMagicCookie(
  config: HandshakeConfig,
  found: string | undefined,
): void {
  if (config.magicCookieKey === "" || config.magicCookieValue === "") {
    throw new MagicCookieError(
      "cookie-not-configured",
      "Misconfigured plugin: its handshake has no magic cookie key or value.\n" +
        "Please notify the author of the plugin; there is nothing its user can do.",
    );
  }
  if (found !== config.magicCookieValue) {
    throw new MagicCookieError(
      "cookie-mismatch",
      "This program is a plugin and is not meant to be run by itself.\n" +
        "Run the program that uses it; that program starts the plugin.\n" +
        `(The environment variable ${config.magicCookieKey} does not hold the magic cookie.)`,
    );
  }
}
