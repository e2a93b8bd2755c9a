/** A call with one request and one response. */
import { RpcError, STATUS_CODES } from "../../errors.ts";
import type { CallHandler, ClientCall } from "../../grpc/client_call.ts";
import type { CallStatus, HeaderList } from "../../grpc/status.ts";
import type { CallOptions, MethodDefinition } from "../contract.ts";
import type { Listed } from "../roster.ts";
import { cancelled } from "./errors.ts";
import { fromFields } from "./metadata.ts";

/** A call that its channel knows of until it is over. */
export interface OwnedCall extends Listed {
  /** Ends the call with an error of this side's. */
  fail(error: unknown): void;
}

/** What a call needs of its channel. */
export interface CallOwner {
  /** Turns a status into an error, once it is known whether the peer is gone. */
  explain(status: CallStatus, signal: AbortSignal | undefined): Promise<unknown>;
  /** Told when a call is over. */
  forget(call: OwnedCall): void;
}

/** One call; its result goes to a promise. */
export class UnaryCall implements CallHandler, OwnedCall {
  place = -1;
  /** The call underneath; set right after it was begun. */
  call: ClientCall | undefined;
  readonly #owner: CallOwner;
  readonly #method: MethodDefinition;
  readonly #options: CallOptions;
  readonly #resolve: (response: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #response: Uint8Array | undefined;
  #onAbort: (() => void) | undefined;
  /** What went wrong on this side. */
  #fault: { readonly error: unknown } | undefined;

  /** Prepares a call. */
  constructor(
    owner: CallOwner,
    method: MethodDefinition,
    options: CallOptions,
    resolve: (response: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.#owner = owner;
    this.#method = method;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Ties the call to its signal. */
  listen(): void {
    const { signal } = this.#options;
    if (signal === undefined) return;
    this.#onAbort = () => this.fail(cancelled(signal));
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Ends the call with an error of this side's. */
  fail(error: unknown): void {
    this.#fault ??= { error };
    this.call?.cancel(STATUS_CODES.CANCELLED, "cancelled");
  }

  headers(list: HeaderList): void {
    this.#tell(this.#options.onHeaders, list);
  }

  message(bytes: Uint8Array): void {
    if (this.#response === undefined) this.#response = bytes;
    else this.fail(new RpcError("INTERNAL", "More than one response to this call"));
  }

  status(status: CallStatus): void {
    const { signal, onTrailers } = this.#options;
    this.#owner.forget(this);
    if (this.#onAbort !== undefined) signal?.removeEventListener("abort", this.#onAbort);
    if (status.code === STATUS_CODES.OK) this.#tell(onTrailers, status.trailers);
    if (this.#fault !== undefined) return this.#reject(this.#fault.error);
    if (status.code !== STATUS_CODES.OK) {
      return void this.#owner.explain(status, signal).then(this.#reject);
    }
    if (this.#response === undefined) {
      return this.#reject(new RpcError("INTERNAL", "No response to this call"));
    }
    try {
      this.#resolve(this.#method.responseDeserialize(this.#response));
    } catch (cause) {
      this.#reject(unreadable(cause));
    }
  }

  drain(): void {}

  #tell(told: CallOptions["onHeaders"], list: HeaderList): void {
    if (told === undefined) return;
    try {
      told(fromFields(list));
    } catch (error) {
      this.fail(error);
    }
  }
}

/** The error of a response that is none. */
export function unreadable(cause: unknown): RpcError {
  return new RpcError("INTERNAL", `The response cannot be read: ${(cause as Error).message}`, {
    cause,
  });
}
