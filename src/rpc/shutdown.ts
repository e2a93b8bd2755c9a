/** The signal of a server's end, for itself and for each of its calls. */

/** Tells many calls at once. A listener for each would do, but Node warns of more than ten. */
export class Shutdown {
  readonly #own = new AbortController();
  readonly #calls = new Set<AbortController>();

  /** Fires when the server begins to stop. */
  get signal(): AbortSignal {
    return this.#own.signal;
  }

  /** Has a call's signal fire as well, at once if the time has come. */
  add(call: AbortController): void {
    if (this.signal.aborted) call.abort(this.signal.reason);
    else this.#calls.add(call);
  }

  /** Forgets a call that is over. */
  remove(call: AbortController): void {
    this.#calls.delete(call);
  }

  /** Fires. Only the first time counts. */
  abort(reason: Error): void {
    this.#own.abort(reason);
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const call of calls) call.abort(reason);
  }
}
