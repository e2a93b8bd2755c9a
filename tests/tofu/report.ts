/** Says of each command what it came to, and counts. */

/** What a command was expected to do, and did not. */
export class Mismatch extends Error {
  /** Takes what was expected, and what the command printed. */
  constructor(expected: string, found: string) {
    super(`expected ${expected}, found:\n${found.trim()}`);
    this.name = "Mismatch";
  }
}

/** A line per check on stdout, and the counts at the end. */
export class Report {
  #passed = 0;
  #failed = 0;

  /** Prints what the checks that follow are about. */
  title(text: string): void {
    console.log(`\n== ${text}`);
  }

  /** Prints something that is no check. */
  note(text: string): void {
    console.log(`   ${text}`);
  }

  /**
   * Runs a check and prints whether it passed.
   *
   * @returns What the check gave, or undefined if it failed.
   */
  async check<T>(what: string, run: () => Promise<T>): Promise<T | undefined> {
    const start = performance.now();
    const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
    try {
      const result = await run();
      this.#passed++;
      console.log(`ok      ${what} (${seconds()})`);
      return result;
    } catch (error) {
      this.#failed++;
      console.log(`FAILED  ${what} (${seconds()})`);
      const text = error instanceof Error ? error.message : String(error);
      console.log(text.replaceAll(/^/gm, "        "));
      return undefined;
    }
  }

  /** Whether all checks passed, and there were some. */
  get isGood(): boolean {
    return this.#failed === 0 && this.#passed > 0;
  }

  /** The line at the end. */
  get counts(): string {
    return `${this.#passed} passed, ${this.#failed} failed`;
  }
}
