/** A connection as generated clients of grpc-js see it. */
import type { ChannelInterface, connectivityState, Deadline } from "@grpc/grpc-js";
import type { Grpc } from "./grpc.ts";

type Call = ReturnType<ChannelInterface["createCall"]>;

/**
 * A channel that others share: whoever closes it leaves it, and the connection
 * stays for the others. A generated client closes the channel it was given.
 */
export class SharedChannel implements ChannelInterface {
  readonly #grpc: Grpc;
  readonly #channel: ChannelInterface;
  #isClosed = false;

  /** Makes a further way to the channel. */
  constructor(grpc: Grpc, channel: ChannelInterface) {
    this.#grpc = grpc;
    this.#channel = channel;
  }

  close(): void {
    this.#isClosed = true;
  }

  getTarget(): string {
    return this.#channel.getTarget();
  }

  getConnectivityState(tryToConnect: boolean): connectivityState {
    if (this.#isClosed) return this.#grpc.connectivityState.SHUTDOWN;
    return this.#channel.getConnectivityState(tryToConnect);
  }

  watchConnectivityState(
    state: connectivityState,
    deadline: Date | number,
    callback: (error?: Error) => void,
  ): void {
    this.#requireOpen();
    this.#channel.watchConnectivityState(state, deadline, callback);
  }

  getChannelzRef(): ReturnType<ChannelInterface["getChannelzRef"]> {
    return this.#channel.getChannelzRef();
  }

  createCall(
    method: string,
    deadline: Deadline,
    host: string | null | undefined,
    parentCall: Parameters<ChannelInterface["createCall"]>[3],
    propagateFlags: number | null | undefined,
  ): Call {
    this.#requireOpen();
    return this.#channel.createCall(method, deadline, host, parentCall, propagateFlags);
  }

  /** In grpc-js's words. */
  #requireOpen(): void {
    if (this.#isClosed) throw new Error("Channel has been shut down");
  }
}
