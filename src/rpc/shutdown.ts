/** The signal of a server's end, for itself and for each of its calls. */
import { type Listed, Roster } from "./roster.ts";

/** The controller of a call's signal. */
export class CallController extends AbortController implements Listed {
  place = -1;
}

/** Tells many calls at once. A listener for each would do, but Node warns of more than ten. */
export class Shutdown {
  readonly #own = new AbortController();
  readonly #calls = new Roster<CallController>();

  /** Fires when the server begins to stop. */
  get signal(): AbortSignal {
    return this.#own.signal;
  }

  /** Has a call's signal fire as well, at once if the time has come. */
  add(call: CallController): void {
    if (this.signal.aborted) call.abort(this.signal.reason);
    else this.#calls.add(call);
  }

  /** Forgets a call that is over. */
  remove(call: CallController): void {
    this.#calls.remove(call);
  }

  /** Fires. Only the first time counts. */
  abort(reason: Error): void {
    this.#own.abort(reason);
    for (const call of this.#calls.all()) {
      this.#calls.remove(call);
      call.abort(reason);
    }
  }
}
