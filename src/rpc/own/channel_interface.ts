/**
 * This module's engine under grpc-js's own interface, so that generated
 * grpc-js clients work on it: `channelOverride` takes it. Nothing of grpc-js
 * is loaded here; its `Metadata` is had from the metadata that a call begins
 * with.
 */
import type { ChannelInterface } from "@grpc/grpc-js";
import type { ChannelState, ClientChannel } from "../../grpc/client_channel.ts";
import { SurfaceCall } from "./surface_call.ts";

/** grpc-js's numbers for the states of a channel. */
const STATES: Readonly<Record<ChannelState, number>> = {
  idle: 0,
  connecting: 1,
  ready: 2,
  failed: 3,
  closed: 4,
};

type State = ReturnType<ChannelInterface["getConnectivityState"]>;
type Call = ReturnType<ChannelInterface["createCall"]>;

/** A view of a channel. Once it is closed it begins no more calls; those under way go on. */
export class GrpcJsSurface implements ChannelInterface {
  readonly #channel: ClientChannel;
  #isClosed = false;

  /** Puts the interface on a channel. */
  constructor(channel: ClientChannel) {
    this.#channel = channel;
  }

  /** The connection belongs to the plugin's client, who ends it with all calls. */
  close(): void {
    this.#isClosed = true;
  }

  getTarget(): string {
    return this.#channel.authority;
  }

  getConnectivityState(tryToConnect: boolean): State {
    if (tryToConnect && !this.#isClosed) this.#channel.connectSoon();
    return (this.#isClosed ? STATES.closed : STATES[this.#channel.state]) as State;
  }

  watchConnectivityState(
    currentState: State,
    deadline: Date | number,
    callback: (error?: Error) => void,
  ): void {
    this.#requireOpen();
    const isChanged = () => this.getConnectivityState(false) !== currentState;
    if (isChanged()) return queueMicrotask(callback);
    const end = (error?: Error) => {
      clearTimeout(timer);
      stop();
      callback(error);
    };
    const wait = Math.min(Number(deadline) - Date.now(), 2 ** 31 - 1);
    const timer = Number.isFinite(wait)
      ? setTimeout(() => end(new Error("The deadline passed without a change of the state")), wait)
      : undefined;
    const stop = this.#channel.watch(() => {
      if (isChanged()) end();
    });
  }

  /** There is no channelz here: nothing asks for it on a connection to one plugin. */
  getChannelzRef(): never {
    return { kind: "channel", id: 0, name: this.getTarget() } as never;
  }

  createCall(
    method: string,
    deadline: Date | number,
    host: string | null | undefined,
    parentCall: Parameters<ChannelInterface["createCall"]>[3],
  ): Call {
    this.#requireOpen();
    const own = deadline instanceof Date ? deadline.getTime() : Number(deadline ?? Infinity);
    const inherited = parentCall === null || parentCall === undefined
      ? Infinity
      : Number(parentCall.getDeadline());
    const call = new SurfaceCall(this.#channel, {
      path: method,
      deadlineMs: Math.min(own, inherited),
      authority: host ?? undefined,
    });
    parentCall?.on("cancelled", () => call.cancelWithStatus(1, "Cancelled by the parent call"));
    return call;
  }

  /** In grpc-js's words. */
  #requireOpen(): void {
    if (this.#isClosed || this.#channel.state === "closed") {
      throw new Error("Channel has been shut down");
    }
  }
}
