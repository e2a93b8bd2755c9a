/** The text of a status in `grpc-message`. Source: gRPC `doc/PROTOCOL-HTTP2.md`, "Percent-Encoded". */

/** What goes as it is: printable ASCII but for `%`. */
const PLAIN = /^[ -$&-~]*$/;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes a text as the header field takes it. */
export function encodeStatusMessage(text: string): string {
  if (PLAIN.test(text)) return text;
  let encoded = "";
  for (const byte of encoder.encode(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** Reads the field. What is not encoded well stands for itself; nothing is lost. */
export function decodeStatusMessage(field: string): string {
  if (!/[%\u0080-\u00ff]/.test(field)) return field;
  const bytes: number[] = [];
  for (let at = 0; at < field.length; at++) {
    const digits = field.slice(at + 1, at + 3);
    if (field[at] === "%" && /^[0-9a-fA-F]{2}$/.test(digits)) {
      bytes.push(parseInt(digits, 16));
      at += 2;
    } else bytes.push(field.charCodeAt(at) & 0xff);
  }
  return decoder.decode(Uint8Array.from(bytes));
}
