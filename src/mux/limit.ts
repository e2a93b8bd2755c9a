/** Limits on waits. */
import { clearTimeout, setTimeout } from "node:timers";

/** In how many steps a limit passes. */
const STEPS = 4;

/**
 * Calls back once a time has passed, unless it was ended before.
 *
 * The time passes in steps. A process that was busy or stopped for all of it
 * finds its timers due before it has looked at what arrived meanwhile; a
 * single long timer would then blame the peer.
 */
export class Limit {
  #timer: NodeJS.Timeout | undefined;

  /** @param keepsAlive Whether the process stays for it: only where a caller waits for no more than this. */
  constructor(limitMs: number, onOver: () => void, keepsAlive = false) {
    const step = (left: number) => {
      this.#timer = setTimeout(() => left > 1 ? step(left - 1) : onOver(), limitMs / STEPS);
      if (!keepsAlive) this.#timer.unref();
    };
    step(STEPS);
  }

  /** Ends the wait. May be called twice, and after it is over. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
