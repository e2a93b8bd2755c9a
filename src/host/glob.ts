/** Patterns for the names of files, with the grammar of Go's `filepath.Match`. */

/** Whether a name is a pattern rather than itself. */
export function isPattern(name: string, isWindows: boolean): boolean {
  return /[*?[]/.test(name) || (!isWindows && name.includes("\\"));
}

/**
 * Compiles the pattern of one name: `*` is any text, `?` one character,
 * `[a-z]` one of a set, `[^a-z]` one of all others, and, except on Windows, a
 * backslash takes the special meaning from what follows.
 *
 * @throws {RangeError} If it is malformed.
 *
 * Source: Go `path/filepath/match.go`, `matchChunk`, `getEsc`.
 */
export function compileGlob(glob: string, isWindows: boolean): RegExp {
  const reader = new GlobReader(glob, isWindows);
  let source = "";
  while (!reader.isAtEnd) {
    if (reader.skip("*")) source += ".*";
    else if (reader.skip("?")) source += ".";
    else if (reader.skip("[")) source += readSet(reader);
    else source += quote(reader.character());
  }
  return new RegExp(`^${source}$`, "su");
}

function readSet(reader: GlobReader): string {
  const start = reader.skip("^") ? "[^" : "[";
  let ranges = "";
  do {
    const low = reader.member();
    const high = reader.skip("-") ? reader.member() : low;
    // One that is upside down holds nothing.
    if (codeOf(low) <= codeOf(high)) ranges += `${quote(low)}-${quote(high)}`;
  } while (!reader.skip("]"));
  return `${start}${ranges}]`;
}

/** Reads a pattern character by character; one may be two units of a string. */
class GlobReader {
  readonly #glob: string;
  readonly #characters: readonly string[];
  readonly #isWindows: boolean;
  #at = 0;

  constructor(glob: string, isWindows: boolean) {
    this.#glob = glob;
    this.#characters = [...glob];
    this.#isWindows = isWindows;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#characters.length;
  }

  /** Takes a character that has a meaning, if it comes next. */
  skip(character: string): boolean {
    const isNext = this.#characters[this.#at] === character;
    if (isNext) this.#at++;
    return isNext;
  }

  /** Takes a character that stands for itself. */
  character(): string {
    if (!this.#isWindows) this.skip("\\");
    const character = this.#characters[this.#at++];
    if (character === undefined) {
      throw new RangeError(`discover(): malformed pattern ${JSON.stringify(this.#glob)}`);
    }
    return character;
  }

  /** Takes a character of a set, where two more need a backslash. */
  member(): string {
    const next = this.#characters[this.#at];
    // Past the end, so that it is reported like everything that is missing.
    if (next === "]" || next === "-") this.#at = this.#characters.length;
    return this.character();
  }
}

function codeOf(character: string): number {
  return character.codePointAt(0) as number;
}

function quote(character: string): string {
  return `\\u{${codeOf(character).toString(16)}}`;
}
