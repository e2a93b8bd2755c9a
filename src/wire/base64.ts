/**
 * Base64 as the handshake line carries it: the standard alphabet without
 * padding, Go's `base64.RawStdEncoding`.
 */

/** Encodes bytes as standard base64 without padding. */
export function encodeRawBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/=+$/, "");
}

/**
 * Decodes standard base64 without padding. Carriage returns and line feeds are
 * skipped, as Go does; anything else outside the alphabet, padding included,
 * is refused.
 *
 * @throws {RangeError} With the index of the first character that does not belong.
 */
export function decodeRawBase64(text: string): Uint8Array<ArrayBuffer> {
  const stray = text.search(/[^A-Za-z0-9+/\r\n]/);
  if (stray >= 0) {
    throw new RangeError(`illegal base64 data at input byte ${stray}`);
  }
  const compact = text.replace(/[\r\n]/g, "");
  if (compact.length % 4 === 1) {
    throw new RangeError(`illegal base64 data at input byte ${text.length - 1}`);
  }
  return Uint8Array.from(atob(compact), (character) => character.charCodeAt(0));
}
