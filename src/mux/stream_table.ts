/** The streams of a session: which there are, and what the peer's frames do to them. */
import type { Buffer } from "node:buffer";
import { YamuxOpenError } from "./errors.ts";
import type { FrameWriter } from "./frame_writer.ts";
import { FLAG, FRAME_TYPE, type FrameHeader } from "./frames.ts";
import type { ResolvedYamuxOptions } from "./options.ts";
import { Slots } from "./slots.ts";
import { StreamIds } from "./stream_ids.ts";
import { type StreamLink, YamuxStream } from "./stream.ts";

/** Takes the streams that the peer opens. */
export type StreamHandler = (stream: YamuxStream) => void;

/** Every stream that is open, waits to be accepted, or is ended on one side only. */
export class StreamTable {
  /** Whether the peer may open no more streams. */
  isLeaving = false;
  /** Whether the peer takes no more streams. */
  isPeerLeaving = false;
  readonly #acceptBacklog: number;
  readonly #writer: FrameWriter;
  readonly #link: StreamLink;
  readonly #ids: StreamIds;
  /** One for each stream that the peer has not accepted. */
  readonly #slots: Slots;
  readonly #streams = new Map<number, YamuxStream>();
  /** The peer's streams that nobody has accepted, oldest first. */
  readonly #backlog = new Set<YamuxStream>();
  #handler: StreamHandler | undefined;
  #error: Error | undefined;
  /** Whose data frame is being read; `undefined` if nobody's. */
  #receiver: YamuxStream | undefined;
  #flagsBehindBody = 0;

  /** @param onOpenTimeout Called when the peer leaves a stream unaccepted for too long. */
  constructor(options: ResolvedYamuxOptions, writer: FrameWriter, onOpenTimeout: () => void) {
    this.#acceptBacklog = options.acceptBacklog;
    this.#writer = writer;
    this.#ids = new StreamIds(options.role);
    this.#slots = new Slots(options.acceptBacklog);
    this.#link = {
      maxStreamWindowBytes: options.maxStreamWindowBytes,
      streamOpenTimeoutMs: options.streamOpenTimeoutMs,
      streamCloseTimeoutMs: options.streamCloseTimeoutMs,
      sendWindowUpdate: (flags, streamId, bytes) =>
        writer.writeControl(FRAME_TYPE.WINDOW_UPDATE, flags, streamId, bytes),
      sendData: (flags, streamId, pieces, onTaken) =>
        writer.writeData(flags, streamId, pieces, onTaken),
      requestTurn: (source) => writer.request(source),
      settled: () => this.#slots.give(),
      forget: (stream) => {
        this.#streams.delete(stream.id);
        this.#backlog.delete(stream);
      },
      openTimedOut: onOpenTimeout,
    };
  }

  /** How many streams there are. */
  get size(): number {
    return this.#streams.size;
  }

  /** See {@linkcode YamuxSession.open}. */
  async open(signal?: AbortSignal): Promise<YamuxStream> {
    signal?.throwIfAborted();
    this.#checkOpen();
    if (!this.#slots.tryTake()) await this.#slots.take(signal);
    try {
      this.#checkOpen();
      const stream = new YamuxStream(this.#ids.next(), FLAG.SYN, this.#link);
      this.#streams.set(stream.id, stream);
      stream.greet();
      return stream;
    } catch (error) {
      this.#slots.give();
      throw error;
    }
  }

  #checkOpen(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.isPeerLeaving) throw new YamuxOpenError("refused");
  }

  /** See {@linkcode YamuxSession.onStream}. */
  accept(handler: StreamHandler | undefined): void {
    if (this.#error !== undefined) return;
    this.#handler = handler;
    this.#accept();
  }

  #accept(): void {
    for (const stream of this.#backlog) {
      if (this.#handler === undefined) return;
      this.#backlog.delete(stream);
      try {
        this.#handler(stream);
      } catch (error) {
        stream.destroy(error as Error);
      }
      stream.greet();
    }
  }

  /** Takes the header of a data frame or a window update; returns what is wrong with it. */
  receiveHeader({ type, flags, streamId, length }: FrameHeader): string | undefined {
    const fault = (flags & FLAG.SYN) !== 0 ? this.#receiveSyn(streamId) : undefined;
    if (fault !== undefined) return fault;
    // Without a stream it was reset here, or has ended, while the frame was on its way.
    const stream = this.#streams.get(streamId);
    if (type === FRAME_TYPE.WINDOW_UPDATE) {
      stream?.receiveCredit(length);
      return receiveFlags(stream, flags);
    }
    if (stream !== undefined && !stream.reserve(length)) {
      return `the peer sent more than the window of stream ${streamId} allows`;
    }
    if (length === 0) return receiveFlags(stream, flags);
    // ACK and RST count at once; a FIN stands behind the body.
    this.#receiver = stream;
    this.#flagsBehindBody = flags & FLAG.FIN;
    return receiveFlags(stream, flags & ~FLAG.FIN);
  }

  /** Takes a piece of the body of the last data frame; returns what is wrong with the frame. */
  receiveBody(piece: Buffer, isLast: boolean): string | undefined {
    this.#receiver?.receiveData(piece);
    return isLast ? receiveFlags(this.#receiver, this.#flagsBehindBody) : undefined;
  }

  #receiveSyn(streamId: number): string | undefined {
    if (!this.#ids.arePeers(streamId)) {
      return `the peer opened stream ${streamId}, an id it may not use`;
    }
    if (this.#streams.has(streamId)) return `the peer opened stream ${streamId} twice`;
    if (this.isLeaving || this.#backlog.size >= this.#acceptBacklog) {
      this.#writer.writeControl(FRAME_TYPE.WINDOW_UPDATE, FLAG.RST, streamId, 0);
      return undefined;
    }
    const stream = new YamuxStream(streamId, FLAG.ACK, this.#link);
    this.#streams.set(streamId, stream);
    this.#backlog.add(stream);
    this.#accept();
    return undefined;
  }

  /** Ends every stream and every wait for one. */
  close(error: Error): void {
    this.#error = error;
    this.#handler = undefined;
    this.#slots.close(error);
    this.#backlog.clear();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) stream.sessionEnded(error);
  }
}

function receiveFlags(stream: YamuxStream | undefined, flags: number): string | undefined {
  if (stream === undefined) return undefined;
  if ((flags & FLAG.ACK) !== 0) stream.receiveAck();
  if ((flags & FLAG.FIN) !== 0 && !stream.receiveFin()) {
    return `the peer ended stream ${stream.id} twice`;
  }
  if ((flags & FLAG.RST) !== 0) stream.receiveReset();
  return undefined;
}
