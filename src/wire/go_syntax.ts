/**
 * Numbers and booleans as Go's `strconv` reads them: what a Go peer accepts or
 * refuses in the environment and the handshake line depends on it.
 */

/**
 * Reads a decimal integer like Go's `strconv.Atoi`: an optional sign and
 * digits, leading zeros allowed, no blanks.
 *
 * @returns The number, or `undefined` if the text is none or does not fit.
 */
export function parseGoInteger(text: string): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = Number(text);
  // Also turns "-0" into 0.
  return Number.isSafeInteger(value) ? value + 0 : undefined;
}

/**
 * Reads a boolean like Go's `strconv.ParseBool`.
 *
 * @returns The boolean, or `undefined` if the text is none.
 */
export function parseGoBoolean(text: string): boolean | undefined {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  return undefined;
}
