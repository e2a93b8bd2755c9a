/** Text as UTF-8, for texts so short that a call of `TextEncoder` costs more than the work. */

/**
 * Writes a text as UTF-8. Halves of surrogate pairs become U+FFFD, as by
 * `TextEncoder`.
 *
 * @param into Has room for three bytes per UTF-16 unit of the text behind `at`.
 * @returns Where the text ends.
 */
export function writeUtf8(text: string, into: Uint8Array, at: number): number {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      into[at++] = unit;
    } else if (unit < 0x800) {
      into[at++] = 0xc0 | unit >> 6;
      into[at++] = 0x80 | unit & 0x3f;
    } else {
      const code = text.codePointAt(index) as number;
      if (code > 0xffff) {
        index++;
        into[at++] = 0xf0 | code >> 18;
        into[at++] = 0x80 | code >> 12 & 0x3f;
        into[at++] = 0x80 | code >> 6 & 0x3f;
        into[at++] = 0x80 | code & 0x3f;
      } else {
        const valid = unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit;
        into[at++] = 0xe0 | valid >> 12;
        into[at++] = 0x80 | valid >> 6 & 0x3f;
        into[at++] = 0x80 | valid & 0x3f;
      }
    }
  }
  return at;
}
