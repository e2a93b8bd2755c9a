/** PEM text, as go-plugin passes certificates in the environment. Source: RFC 7468. */

/** Wraps DER bytes as a PEM block with a line break at the end. */
export function encodePem(label: string, der: Uint8Array): string {
  let binary = "";
  for (const byte of der) binary += String.fromCharCode(byte);
  const lines = btoa(binary).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""]
    .join("\n");
}

/**
 * Takes the first block with that label out of a PEM text.
 *
 * @throws {RangeError} If there is none or it is not base64.
 */
export function decodePem(label: string, pem: string): Uint8Array<ArrayBuffer> {
  const block = new RegExp(
    `-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]*)-----END ${label}-----`,
  )
    .exec(pem);
  if (block === null) throw new RangeError(`no PEM block "${label}"`);
  try {
    return Uint8Array.from(
      atob(block[1] ?? ""),
      (character) => character.charCodeAt(0),
    );
  } catch (cause) {
    throw new RangeError(`PEM block "${label}" is not base64`, { cause });
  }
}
