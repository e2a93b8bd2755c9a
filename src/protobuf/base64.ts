/** Base64 for `bytes` fields, which programs may give as text. */

/**
 * Decodes base64, standard or URL-safe, with or without padding.
 *
 * @returns Undefined if the text is no base64.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  const standard = text.replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/");
  if (!/^[A-Za-z0-9+/]*$/.test(standard) || standard.length % 4 === 1) return undefined;
  const binary = atob(standard);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
