/** A call as grpc-js's clients make it: they ask for each message, and get a status last. */
import type { ChannelInterface, Metadata } from "@grpc/grpc-js";
import { STATUS_CODES } from "../../errors.ts";
import type { CallHandler, ClientCall } from "../../grpc/client_call.ts";
import type { CallStart, ClientChannel } from "../../grpc/client_channel.ts";
import type { CallStatus, HeaderList } from "../../grpc/status.ts";
import { toBuffer } from "../to_buffer.ts";
import { fromGrpcMetadata, type MetadataClass, toGrpcMetadata } from "./grpc_js_metadata.ts";

type Call = ReturnType<ChannelInterface["createCall"]>;
type Listener = Parameters<Call["start"]>[1];
type Credentials = Parameters<Call["setCredentials"]>[0];
type MessageContext = Parameters<Call["sendMessageWithContext"]>[0];
type Status = Parameters<Listener["onReceiveStatus"]>[0];

let calls = 0;

/** One call of a grpc-js client on this module's engine. */
export class SurfaceCall implements CallHandler {
  readonly #channel: ClientChannel;
  readonly #start: Pick<CallStart, "path" | "deadlineMs" | "authority">;
  readonly #number = ++calls;
  #listener: Listener | undefined;
  #metadataClass: MetadataClass | undefined;
  #credentials: Credentials | undefined;
  #call: ClientCall | undefined;
  /** What was asked for before there was a call, while credentials are made. */
  #held: ((call: ClientCall) => void)[] = [];
  #ended: CallStatus | undefined;
  readonly #messages: Uint8Array[] = [];
  #wanted = 0;
  #written: (() => void) | undefined;

  /** Prepares a call. */
  constructor(
    channel: ClientChannel,
    start: Pick<CallStart, "path" | "deadlineMs" | "authority">,
  ) {
    this.#channel = channel;
    this.#start = start;
  }

  start(metadata: Metadata, listener: Listener): void {
    this.#listener = listener;
    this.#metadataClass = metadata.constructor as unknown as MetadataClass;
    if (this.#ended !== undefined) return this.#settle();
    const credentials = this.#credentials;
    if (credentials === undefined) return this.#begin(metadata);
    const { path } = this.#start;
    const cut = path.lastIndexOf("/");
    credentials.generateMetadata({
      service_url: `https://${this.#channel.authority}${path.slice(0, cut)}`,
      method_name: path.slice(cut + 1),
    }).then(
      (more) => {
        const both = metadata.clone();
        both.merge(more);
        this.#begin(both);
      },
      (error) => {
        const code = Number.isInteger(error?.code) ? error.code : STATUS_CODES.UNKNOWN;
        const found = String(error?.message ?? error);
        this.cancelWithStatus(code, `The call credentials could not be had: ${found}`);
      },
    );
  }

  sendMessageWithContext({ callback }: MessageContext, message: Uint8Array): void {
    this.#do((call) => {
      const hasRoom = call.send(message, false);
      if (callback === undefined) return;
      if (hasRoom || call.isOver) queueMicrotask(callback);
      else this.#written = callback;
    });
  }

  startRead(): void {
    this.#wanted++;
    this.#deliver();
  }

  halfClose(): void {
    this.#do((call) => call.endSending());
  }

  cancelWithStatus(status: number, details: string): void {
    this.#do((call) => call.cancel(status, details));
    if (this.#call !== undefined || this.#ended !== undefined) return;
    this.#held = [];
    this.status({ code: status, details, trailers: [], isLost: false });
  }

  getPeer(): string {
    return this.#channel.authority;
  }

  getCallNumber(): number {
    return this.#number;
  }

  setCredentials(credentials: Credentials): void {
    this.#credentials = this.#credentials?.compose(credentials) ?? credentials;
  }

  /** What TLS knows of the peer is not told: the connection is pinned by the plugin's client. */
  getAuthContext(): null {
    return null;
  }

  headers(list: HeaderList): void {
    this.#listener?.onReceiveMetadata(this.#toMetadata(list));
  }

  message(bytes: Uint8Array): void {
    this.#messages.push(bytes);
    this.#deliver();
    if (this.#messages.length > 0) this.#call?.hold();
  }

  status(status: CallStatus): void {
    this.#ended = status;
    this.drain();
    // Never from inside the caller's own call.
    queueMicrotask(() => this.#settle());
  }

  drain(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }

  #begin(metadata: Metadata): void {
    if (this.#ended !== undefined) return;
    let fields: HeaderList;
    try {
      fields = fromGrpcMetadata(metadata);
    } catch (error) {
      return this.cancelWithStatus(STATUS_CODES.INTERNAL, (error as Error).message);
    }
    const call = this.#channel.call({
      ...this.#start,
      metadata: fields,
      waitForReady: metadata.getOptions().waitForReady,
    }, this);
    this.#call = call;
    for (const step of this.#held.splice(0)) step(call);
  }

  #do(step: (call: ClientCall) => void): void {
    if (this.#call !== undefined) step(this.#call);
    else if (this.#ended === undefined) this.#held.push(step);
  }

  #deliver(): void {
    while (this.#wanted > 0 && this.#messages.length > 0) {
      this.#wanted--;
      this.#listener?.onReceiveMessage(toBuffer(this.#messages.shift() as Uint8Array));
    }
    if (this.#messages.length > 0) return;
    this.#call?.release();
    this.#settle();
  }

  /** The status comes behind the messages; one of this side's does not wait for them. */
  #settle(): void {
    const ended = this.#ended;
    const listener = this.#listener;
    if (ended === undefined || listener === undefined) return;
    const isOwn = ended.trailers.length === 0;
    if (this.#messages.length > 0 && !isOwn) return;
    this.#messages.length = 0;
    this.#listener = undefined;
    listener.onReceiveStatus({
      code: ended.code,
      details: ended.details,
      metadata: this.#toMetadata(ended.trailers),
    } as Status);
  }

  #toMetadata(list: HeaderList): Metadata {
    return toGrpcMetadata(this.#metadataClass as MetadataClass, list);
  }
}
