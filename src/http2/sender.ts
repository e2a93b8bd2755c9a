/** What streams send: header blocks, and DATA as far as the peer's windows and the link let it. */
import { breach, ErrorCode } from "./errors.ts";
import { Fifo } from "./fifo.ts";
import { DEFAULT_WINDOW_BYTES, Flag, FrameType, MAX_UINT31 } from "./frames.ts";
import { checkFields, type HeaderTemplate, HpackEncoder } from "./hpack_encoder.ts";
import type { FloodGuard } from "./limits.ts";
import type { ResolvedOptions } from "./options.ts";
import { type FlushHooks, type Outbox, SHARE_FROM_BYTES } from "./outbox.ts";
import type { PeerSettings } from "./settings.ts";
import type { QueuedItem, StreamState } from "./stream_state.ts";
import type { Release } from "./stream.ts";
import type { StreamTable } from "./stream_table.ts";

/** So much DATA is put together before the link sees it. */
const FLUSH_BYTES = 1 << 20;
const NOTHING = new Uint8Array(0);
/** How many streams that have ended may stand among those put aside. */
const MAX_ENDED = 64;

/** What a sender works with. */
export interface SenderParts {
  readonly options: ResolvedOptions;
  readonly out: Outbox;
  readonly table: StreamTable;
  readonly guard: FloodGuard;
  readonly peer: PeerSettings;
  /** END_STREAM of a stream is written. */
  readonly sentEnd: (stream: StreamState) => void;
}

/** Sends for all streams of a connection. */
export class Sender implements FlushHooks {
  readonly encoder: HpackEncoder = new HpackEncoder();
  readonly #parts: SenderParts;
  /** What the peer takes on all streams together. */
  #window = DEFAULT_WINDOW_BYTES;
  /** The streams that have something to send and, as far as themselves are concerned, may. */
  readonly #round = new Fifo<StreamState>();
  /** Those of them whose turn came when the peer took no more on all streams together. */
  readonly #starved = new Fifo<StreamState>();
  /** Client: streams that the peer does not take yet. */
  readonly #waiting = new Fifo<StreamState>();
  #drained: StreamState[] = [];

  /** Makes a sender whose connection has no streams yet. */
  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** How many streams wait to be opened, some of which may have been given up. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Whether there is an id for one more stream, besides those that wait. */
  get hasIds(): boolean {
    const { table, options } = this.#parts;
    return table.nextId + 2 * this.#waiting.size <= options.lastStreamId;
  }

  /** Opens a stream of ours, now or when the peer takes more. */
  open(
    stream: StreamState,
    template: HeaderTemplate,
    extra: readonly string[] | undefined,
    endStream: boolean,
  ): void {
    if (extra !== undefined) checkFields(extra);
    if (endStream) stream.isSendEnded = true;
    if (this.#waiting.size === 0 && this.#mayStart()) {
      this.#start(stream);
      this.#writeHeaders(stream, template, extra, endStream);
    } else {
      this.#enqueue(stream, {
        template,
        extra,
        head: undefined,
        body: NOTHING,
        release: undefined,
        sent: 0,
        endStream,
      });
      this.#waiting.push(stream);
    }
  }

  #mayStart(): boolean {
    const { table, peer, out, options } = this.#parts;
    return table.size < peer.maxConcurrentStreams && table.nextId <= options.lastStreamId &&
      !out.isLinkFull;
  }

  #start(stream: StreamState): void {
    const { table, peer, guard } = this.#parts;
    table.add(table.nextId, stream);
    stream.sendWindow = peer.initialWindowBytes;
    guard.streamOpened();
  }

  /**
   * Opens waiting streams, as many as the peer takes now. Each sends its
   * headers at once: an id that the peer has not seen can be neither reset nor
   * overtaken by a higher one (RFC 9113 section 5.1.1).
   */
  startWaiting(): void {
    for (let stream; (stream = this.#waiting.first) !== undefined;) {
      if (!stream.isClosed && !this.#mayStart()) return;
      this.#waiting.shift();
      const item = stream.queue?.shift();
      if (stream.isClosed || item?.template === undefined) continue;
      this.#start(stream);
      this.#writeHeaders(stream, item.template, item.extra, item.endStream);
      this.#turn(stream);
    }
  }

  /** Takes all streams that wait to be opened. */
  takeWaiting(): StreamState[] {
    return this.#waiting.clear().filter((stream) => !stream.isClosed);
  }

  /** Sends a header block behind what the stream has queued. */
  sendHeaders(
    stream: StreamState,
    template: HeaderTemplate,
    extra: readonly string[] | undefined,
    endStream: boolean,
  ): void {
    if (extra !== undefined) checkFields(extra);
    if (endStream) stream.isSendEnded = true;
    if (stream.id !== 0 && !stream.hasQueue && !this.#parts.out.isLinkFull) {
      this.#writeHeaders(stream, template, extra, endStream);
    } else {
      this.#enqueue(stream, {
        template,
        extra,
        head: undefined,
        body: NOTHING,
        release: undefined,
        sent: 0,
        endStream,
      });
    }
  }

  /** Sends DATA behind what the stream has queued. */
  sendData(
    stream: StreamState,
    head: Uint8Array | undefined,
    body: Uint8Array,
    endStream: boolean,
    release?: Release,
  ): boolean {
    if (endStream) stream.isSendEnded = true;
    const length = (head === undefined ? 0 : head.length) + body.length;
    if (length < SHARE_FROM_BYTES && this.#mayGoNow(stream, length)) {
      stream.sendWindow -= length;
      this.#window -= length;
      this.#parts.out.frame(
        FrameType.data,
        endStream ? Flag.endStream : 0,
        stream.id,
        length,
        length,
      );
      if (head !== undefined) this.#parts.out.copy(head, 0, head.length);
      this.#parts.out.copy(body, 0, body.length);
      this.#parts.guard.dataSent(length);
      release?.(body);
      if (endStream) this.#parts.sentEnd(stream);
      return true;
    }
    stream.queuedBytes += length;
    // The head is the caller's scratch memory.
    const kept = head === undefined ? undefined : new Uint8Array(head);
    this.#enqueue(stream, {
      template: undefined,
      extra: undefined,
      head: kept,
      body,
      release,
      sent: 0,
      endStream,
    });
    const hasRoom = stream.queuedBytes < this.#parts.options.sendBufferBytes;
    if (!hasRoom) stream.owesDrain = true;
    return hasRoom;
  }

  #mayGoNow(stream: StreamState, length: number): boolean {
    if (stream.id === 0 || stream.hasQueue || this.#parts.out.isLinkFull) return false;
    if (length === 0) return true;
    // Those that wait for the connection's window come first.
    return this.#starved.size === 0 && length <= stream.sendWindow && length <= this.#window &&
      length <= this.#parts.peer.maxFrameBytes;
  }

  #enqueue(stream: StreamState, item: QueuedItem): void {
    stream.queue ??= new Fifo();
    stream.queue.push(item);
    this.#turn(stream);
  }

  /** Lets a stream into the round if it can send. */
  #turn(stream: StreamState): void {
    if (stream.isInRound || stream.id === 0 || !canGo(stream)) return;
    stream.isInRound = true;
    this.#round.push(stream);
    this.#parts.out.kick();
  }

  /** The peer takes more on all streams. */
  growWindow(bytes: number): void {
    this.#window += bytes;
    if (this.#window > MAX_UINT31) {
      breach(ErrorCode.flowControlError, "connection window above 2^31 - 1");
    }
    if (this.#hasTurn) this.#parts.out.kick();
  }

  /** The peer takes more, or less, on a stream; whether that is a possible window. */
  growStreamWindow(stream: StreamState, bytes: number): boolean {
    stream.sendWindow += bytes;
    if (stream.sendWindow > MAX_UINT31) return false;
    this.#turn(stream);
    return true;
  }

  /** Writes what may go now, a frame of each stream in turn. */
  beforeFlush(): void {
    this.startWaiting();
    let budget = FLUSH_BYTES;
    while (this.#hasTurn && budget > 0 && !this.#parts.out.isLinkFull) {
      const stream = this.#next();
      const item = stream.queue?.first;
      if (stream.isClosed || item === undefined || !canGo(stream)) {
        stream.isInRound = false;
      } else if (item.template !== undefined) {
        stream.queue!.shift();
        this.#writeHeaders(stream, item.template, item.extra, item.endStream);
        this.#again(stream);
      } else if (this.#window <= 0 && lengthOf(item) > item.sent) {
        this.#starve(stream); // Others may still have headers to send.
      } else {
        budget -= this.#writePart(stream, item);
        this.#again(stream);
      }
    }
  }

  /** Whether a stream may have something that can be sent now. */
  get #hasTurn(): boolean {
    return this.#round.size > 0 || (this.#window > 0 && this.#starved.size > 0);
  }

  /** Takes the one that has waited longest, of those whose turn it may be. */
  #next(): StreamState {
    const starved = this.#window > 0 ? this.#starved.shift() : undefined;
    return starved ?? this.#round.shift()!;
  }

  /** Puts a stream aside: to ask each of thousands again at every flush would take long. */
  #starve(stream: StreamState): void {
    // A peer that takes no more may go on to open streams and to cancel them.
    if (this.#starved.size > 2 * this.#parts.table.size + MAX_ENDED) {
      for (const other of this.#starved.clear()) if (!other.isClosed) this.#starved.push(other);
    }
    this.#starved.push(stream);
  }

  #again(stream: StreamState): void {
    stream.isInRound = !stream.isClosed && stream.hasQueue && canGo(stream);
    if (stream.isInRound) this.#round.push(stream);
  }

  /** Tells those of room that were told there is none. */
  afterFlush(): void {
    if (this.#drained.length > 0) {
      const drained = this.#drained;
      this.#drained = [];
      for (const stream of drained) {
        if (!stream.isClosed && !stream.isSendEnded) stream.handler.drain();
      }
    }
    if (this.#hasTurn && !this.#parts.out.isLinkFull) this.#parts.out.kick();
  }

  #writePart(stream: StreamState, item: QueuedItem): number {
    const { out, peer, options, guard } = this.#parts;
    const left = lengthOf(item) - item.sent;
    // The windows of an empty last frame may be below 0.
    const length = left === 0 ? 0 : Math.min(
      left,
      stream.sendWindow,
      this.#window,
      peer.maxFrameBytes,
      options.maxFrameBytes,
    );
    const isLast = length === left;
    const endStream = isLast && item.endStream;
    const headLength = item.head?.length ?? 0;
    const headLeft = Math.min(Math.max(headLength - item.sent, 0), length);
    const copied = length < SHARE_FROM_BYTES ? length : headLeft;
    out.frame(FrameType.data, endStream ? Flag.endStream : 0, stream.id, length, copied);
    if (headLeft > 0) out.copy(item.head!, item.sent, item.sent + headLeft);
    const bodyAt = item.sent + headLeft - headLength;
    out.share(item.body, bodyAt, bodyAt + length - headLeft);
    item.sent += length;
    stream.sendWindow -= length;
    this.#window -= length;
    stream.queuedBytes -= length;
    guard.dataSent(length);
    if (stream.owesDrain && stream.queuedBytes < options.sendBufferBytes) {
      stream.owesDrain = false;
      this.#drained.push(stream);
    }
    if (isLast) {
      stream.queue!.shift();
      const { release, body } = item;
      if (release !== undefined) out.whenWritten(() => release(body));
    }
    if (endStream) this.#parts.sentEnd(stream);
    return length;
  }

  #writeHeaders(
    stream: StreamState,
    template: HeaderTemplate,
    extra: readonly string[] | undefined,
    endStream: boolean,
  ): void {
    const { out, peer } = this.#parts;
    const block = this.encoder.encode(template, extra);
    let type: number = FrameType.headers;
    let flags: number = endStream ? Flag.endStream : 0;
    let at = 0;
    do {
      const end = Math.min(block.length, at + peer.maxFrameBytes);
      if (end === block.length) flags |= Flag.endHeaders;
      const isSmall = end - at < SHARE_FROM_BYTES;
      out.frame(type, flags, stream.id, end - at, isSmall ? end - at : 0);
      out.copy(block, at, end);
      at = end;
      type = FrameType.continuation;
      flags = 0;
    } while (at < block.length);
    if (endStream) this.#parts.sentEnd(stream);
  }
}

/** Whether the stream's own window lets it send what is first in its queue. */
function canGo(stream: StreamState): boolean {
  const item = stream.queue?.first;
  if (item === undefined) return false;
  return item.template !== undefined || stream.sendWindow > 0 || lengthOf(item) === item.sent;
}

function lengthOf(item: QueuedItem): number {
  return (item.head === undefined ? 0 : item.head.length) + item.body.length;
}
