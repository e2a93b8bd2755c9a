/** What makes a plugin stop, and what does not. */
import type { Logger } from "../logging/logger.ts";
import type { Controller } from "../rpc/controller.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** Waits for the first reason to stop. */
export class ShutdownRequest {
  /** Resolves with the reason. */
  readonly made: Promise<string>;
  #resolve: (reason: string) => void = () => {};
  readonly #answerable: Promise<void>;
  #allowAnswer: () => void = () => {};

  /** Starts to wait. */
  constructor() {
    this.made = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#answerable = new Promise((resolve) => {
      this.#allowAnswer = resolve;
    });
  }

  /** Asks to stop; only the first reason counts. */
  make(reason: string): void {
    this.#resolve(reason);
  }

  /** Lets the Shutdown call be answered: a Go host cuts the connection as soon as it is. */
  answer(): void {
    this.#allowAnswer();
  }

  /** The handlers of the controller service: the answer goes out, then the plugin stops. */
  get handlers(): { [K in keyof Controller]: () => Promise<Record<never, never>> } {
    return {
      shutdown: async () => {
        this.make("Shutdown call");
        await this.#answerable;
        return {};
      },
    };
  }

  /** Stops when the signal fires, or has fired. The result stops listening. */
  listenToSignal(signal: AbortSignal): () => void {
    const stop = () => this.make("its signal");
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    return () => signal.removeEventListener("abort", stop);
  }

  /**
   * Stops on SIGTERM. Ignores SIGINT: Ctrl-C in a terminal reaches the plugin
   * too, and it is the host that decides when the plugin ends.
   *
   * @returns Puts the signals back to what they did before.
   *
   * Source: go-plugin `server.go`, `Serve`, for SIGINT.
   */
  listenToSignals(runtime: Runtime, logger: Logger): () => void {
    let interrupts = 0;
    const undo = [
      runtime.onSignal("SIGTERM", () => this.make("SIGTERM")),
      runtime.onSignal("SIGINT", () => {
        interrupts++;
        logger.trace("plugin received interrupt signal, ignoring", { count: interrupts });
      }),
    ];
    return () => undo.forEach((remove) => remove());
  }
}
