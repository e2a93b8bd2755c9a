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
  return decodeBlock(label, blocksOf(label, pem)[0]);
}

/**
 * Takes all blocks with that label out of a PEM text.
 *
 * @throws {RangeError} If there is none or one is not base64.
 */
export function decodePemBlocks(label: string, pem: string): Uint8Array<ArrayBuffer>[] {
  return blocksOf(label, pem).map((block) => decodeBlock(label, block));
}

/** What stands between the lines that begin and end a block; at least one. */
function blocksOf(label: string, pem: string): string[] {
  const block = `-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]*)-----END ${label}-----`;
  const blocks = Array.from(pem.matchAll(new RegExp(block, "g")), ([, base64 = ""]) => base64);
  if (blocks.length === 0) throw new RangeError(`no PEM block "${label}"`);
  return blocks;
}

function decodeBlock(label: string, base64 = ""): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new RangeError(`PEM block "${label}" is not base64`, { cause });
  }
}
