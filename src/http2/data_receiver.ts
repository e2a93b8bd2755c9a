/** DATA that comes, and the windows it comes through. Source: RFC 9113 sections 5.2, 6.1 and 6.9. */
import { breach, ErrorCode } from "./errors.ts";
import { DEFAULT_WINDOW_BYTES, Flag, FrameType } from "./frames.ts";
import type { FloodGuard } from "./limits.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import type { StreamKeeper } from "./stream_keeper.ts";
import type { StreamState } from "./stream_state.ts";
import type { StreamTable } from "./stream_table.ts";

/** What a receiver of DATA works with. */
export interface DataReceiverParts {
  readonly options: ResolvedOptions;
  readonly out: Outbox;
  readonly table: StreamTable;
  readonly guard: FloodGuard;
  readonly keeper: StreamKeeper;
}

/** Receives DATA for all streams of a connection. */
export class DataReceiver {
  readonly #parts: DataReceiverParts;
  /** What the peer may send on all streams together. */
  #window: number;
  #owedBytes = 0;
  /** The window of a new stream. A smaller one holds only once the peer knows of it. */
  #initialWindow: number;
  /** The stream of the DATA at hand, if anybody wants it. */
  #stream: StreamState | undefined;
  #endsStream = false;

  /** Makes a receiver; {@linkcode DataReceiver.announceWindow} follows. */
  constructor(parts: DataReceiverParts) {
    this.#parts = parts;
    this.#window = DEFAULT_WINDOW_BYTES;
    this.#initialWindow = Math.max(parts.options.streamWindowBytes, DEFAULT_WINDOW_BYTES);
  }

  /** Grows the connection's window to what the options say. */
  announceWindow(): void {
    const more = this.#parts.options.connectionWindowBytes - DEFAULT_WINDOW_BYTES;
    if (more > 0) this.#writeUpdate(0, more);
    this.#window += more;
  }

  /** Gives a new stream its window. */
  initialize(stream: StreamState): void {
    stream.receiveWindow = this.#initialWindow;
  }

  /** The peer has taken over our SETTINGS. */
  settingsAcknowledged(): void {
    const more = this.#parts.options.streamWindowBytes - this.#initialWindow;
    this.#initialWindow += more;
    if (more === 0) return;
    for (const stream of this.#parts.table.all()) {
      stream.receiveWindow += more;
      this.credit(stream, 0);
    }
  }

  /** DATA begins. */
  start(flags: number, id: number, length: number, bodyLength: number): void {
    if (id === 0) breach(ErrorCode.protocolError, "DATA on stream 0");
    this.#endsStream = (flags & Flag.endStream) !== 0;
    this.#stream = undefined;
    if (bodyLength === 0 && !this.#endsStream) this.#parts.guard.idle("empty DATA");
    this.#chargeConnection(length);
    const { table, keeper } = this.#parts;
    const stream = table.get(id);
    if (stream === undefined) {
      keeper.absent(id, false);
    } else if (stream.isReceiveEnded) {
      keeper.fault(stream, ErrorCode.streamClosed, "DATA after its end");
    } else if (this.#chargeStream(stream, length, bodyLength)) {
      this.#stream = stream;
      const padding = length - bodyLength;
      if (padding > 0) {
        stream.unconsumedBytes -= padding; // nobody will consume it
        this.credit(stream, padding);
      }
    }
  }

  #chargeConnection(length: number): void {
    this.#window -= length;
    if (this.#window < 0) {
      breach(ErrorCode.flowControlError, "DATA beyond the connection's window");
    }
    this.#owedBytes += length;
    if (this.#owedBytes >= this.#parts.options.connectionWindowBytes / 2) {
      this.#writeUpdate(0, this.#owedBytes);
      this.#window += this.#owedBytes;
      this.#owedBytes = 0;
    }
  }

  #chargeStream(stream: StreamState, length: number, bodyLength: number): boolean {
    const { keeper } = this.#parts;
    stream.receiveWindow -= length;
    // An empty frame needs no window, which may be below 0 after SETTINGS.
    if (stream.receiveWindow < 0 && length > 0) {
      keeper.fault(stream, ErrorCode.flowControlError, "DATA beyond its window");
      return false;
    }
    stream.unconsumedBytes += length;
    if (stream.expectedBytes < 0) return true;
    stream.expectedBytes -= bodyLength;
    if (stream.expectedBytes < 0 || (this.#endsStream && stream.expectedBytes > 0)) {
      keeper.fault(stream, ErrorCode.protocolError, "DATA other than content-length says");
      return false;
    }
    return true;
  }

  /** Bytes of the DATA at hand. */
  chunk(bytes: Uint8Array, start: number, end: number): void {
    const stream = this.#stream;
    if (stream !== undefined && !stream.isClosed) stream.handler.data(bytes, start, end);
  }

  /** The DATA at hand has come. */
  end(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream === undefined || stream.isClosed || !this.#endsStream) return;
    this.#parts.keeper.receivedEnd(stream);
  }

  /** Gives bytes back to the peer, once they are worth a frame. */
  credit(stream: StreamState, bytes: number): void {
    stream.owedBytes += bytes;
    const enough = Math.max(1, this.#parts.options.streamWindowBytes >> 1);
    if (stream.owedBytes < enough || stream.isReceiveEnded || stream.isClosed) return;
    this.#writeUpdate(stream.id, stream.owedBytes);
    stream.receiveWindow += stream.owedBytes;
    stream.owedBytes = 0;
  }

  #writeUpdate(id: number, bytes: number): void {
    const { out } = this.#parts;
    out.frame(FrameType.windowUpdate, 0, id, 4, 4);
    out.uint32(bytes);
  }
}
