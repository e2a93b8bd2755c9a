/** Every frame to whom it concerns, once its form is right. Source: RFC 9113 section 6. */
import type { DataReceiver } from "./data_receiver.ts";
import { breach, ErrorCode, errorCodeName, Http2Error } from "./errors.ts";
import type { FrameSink } from "./frame_reader.ts";
import { Flag, FrameType, PING_BYTES, readUint31, readUint32 } from "./frames.ts";
import type { HeaderReceiver } from "./header_receiver.ts";
import { latin1 } from "./latin1.ts";
import type { FloodGuard } from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import type { Sender } from "./sender.ts";
import { applySettings, type PeerSettings } from "./settings.ts";
import type { StreamKeeper } from "./stream_keeper.ts";
import type { StreamTable } from "./stream_table.ts";

/** As much of the text in GOAWAY as is worth reading. */
const MAX_GOAWAY_TEXT = 200;

/** What concerns the connection as a whole. */
export interface ConnectionEvents {
  /** SETTINGS came; whether they are the first. */
  settings(isFirst: boolean): void;
  /** Our SETTINGS were acknowledged. */
  settingsAcknowledged(): void;
  /** A PING was answered. */
  pong(bytes: Uint8Array, start: number): void;
  /** The peer takes no streams above `lastId`. */
  goaway(lastId: number, code: number, text: string): void;
}

/** What a dispatcher works with. */
export interface DispatcherParts {
  readonly isServer: boolean;
  readonly out: Outbox;
  readonly table: StreamTable;
  readonly guard: FloodGuard;
  readonly keeper: StreamKeeper;
  readonly sender: Sender;
  readonly peer: PeerSettings;
  readonly data: DataReceiver;
  readonly headers: HeaderReceiver;
  readonly events: ConnectionEvents;
}

/** Dispatches the frames of a connection. */
export class FrameDispatcher implements FrameSink {
  readonly #parts: DispatcherParts;
  #seenSettings = false;

  /** Makes a dispatcher. */
  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  dataStart(flags: number, id: number, length: number, bodyLength: number): void {
    this.#parts.data.start(flags, id, length, bodyLength);
  }

  dataChunk(bytes: Uint8Array, start: number, end: number): void {
    this.#parts.data.chunk(bytes, start, end);
  }

  dataEnd(): void {
    this.#parts.data.end();
  }

  frame(
    type: number,
    flags: number,
    id: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case FrameType.headers:
        return this.#parts.headers.headers(flags, id, bytes, start, end);
      case FrameType.continuation:
        return this.#parts.headers.continuation(flags, bytes, start, end);
      case FrameType.priority:
        return this.#priority(id, bytes, start, end);
      case FrameType.rstStream:
        return this.#reset(id, bytes, start, end);
      case FrameType.settings:
        return this.#settings(flags, id, bytes, start, end);
      case FrameType.pushPromise:
        return breach(ErrorCode.protocolError, "PUSH_PROMISE, which was not allowed");
      case FrameType.ping:
        return this.#ping(flags, id, bytes, start, end);
      case FrameType.goaway:
        return this.#goaway(id, bytes, start, end);
      case FrameType.windowUpdate:
        return this.#windowUpdate(id, bytes, start, end);
      default:
        // An extension that nobody asked for.
        return this.#parts.guard.idle(`frames of type ${type}`);
    }
  }

  /** Nobody here looks at priorities, but they must be well-formed. */
  #priority(id: number, bytes: Uint8Array, start: number, end: number): void {
    const { guard, table, keeper } = this.#parts;
    if (id === 0) breach(ErrorCode.protocolError, "PRIORITY on stream 0");
    guard.idle("PRIORITY");
    const isTooShort = end - start !== 5;
    if (!isTooShort && readUint31(bytes, start) !== id) return;
    const code = isTooShort ? ErrorCode.frameSizeError : ErrorCode.protocolError;
    const found = isTooShort ? `PRIORITY with ${end - start} bytes` : "dependency on itself";
    const stream = table.get(id);
    if (stream !== undefined) keeper.fault(stream, code, found);
    else if (table.whatIs(id) === "idle") breach(code, found); // an idle stream cannot be reset
    else keeper.refuse(id, code);
  }

  #reset(id: number, bytes: Uint8Array, start: number, end: number): void {
    const { guard, table, keeper, isServer } = this.#parts;
    if (id === 0) breach(ErrorCode.protocolError, "RST_STREAM on stream 0");
    checkSize("RST_STREAM", end - start, 4);
    const stream = table.get(id);
    if (stream === undefined) {
      if (table.whatIs(id) === "idle") breach(ErrorCode.protocolError, "RST_STREAM on idle stream");
      // It may have been under way while the stream ended here.
      return guard.reset();
    }
    if (isServer) guard.reset();
    const code = readUint32(bytes, start);
    const message = `Cannot go on with the HTTP/2 stream: the peer reset it: ${
      errorCodeName(code)
    }`;
    const unprocessed = code === ErrorCode.refusedStream;
    keeper.fail(stream, new Http2Error(code, "reset", message, { unprocessed }));
  }

  #settings(flags: number, id: number, bytes: Uint8Array, start: number, end: number): void {
    const { guard, peer, sender, out, isServer, events, table } = this.#parts;
    if (id !== 0) breach(ErrorCode.protocolError, "SETTINGS on a stream");
    const isFirst = !this.#seenSettings;
    if ((flags & Flag.ack) !== 0) {
      checkSize("acknowledgement of SETTINGS", end - start, 0);
      if (isFirst) breach(ErrorCode.protocolError, "acknowledgement before SETTINGS");
      guard.idle("acknowledgements of SETTINGS");
      return events.settingsAcknowledged();
    }
    if ((end - start) % 6 !== 0) {
      breach(ErrorCode.frameSizeError, `SETTINGS with ${end - start} bytes`);
    }
    // Each value may mean a walk over all streams.
    guard.idle("SETTINGS", 1 + Math.floor((end - start) / 60));
    this.#seenSettings = true;
    applySettings(bytes, start, end, !isServer, peer, {
      headerTableBytes: (limit) => sender.encoder.limitTable(limit),
      windowsGrow: (more) => {
        for (const stream of table.all()) {
          if (!sender.growStreamWindow(stream, more)) {
            breach(
              ErrorCode.flowControlError,
              "SETTINGS_INITIAL_WINDOW_SIZE too large for a stream",
            );
          }
        }
      },
    });
    guard.answer(out.isLinkFull);
    out.frame(FrameType.settings, Flag.ack, 0, 0, 0);
    sender.startWaiting();
    events.settings(isFirst);
  }

  #ping(flags: number, id: number, bytes: Uint8Array, start: number, end: number): void {
    const { guard, out, events } = this.#parts;
    if (id !== 0) breach(ErrorCode.protocolError, "PING on a stream");
    checkSize("PING", end - start, PING_BYTES);
    if ((flags & Flag.ack) !== 0) return events.pong(bytes, start);
    guard.answer(out.isLinkFull);
    out.frame(FrameType.ping, Flag.ack, 0, PING_BYTES, PING_BYTES);
    out.copy(bytes, start, end);
  }

  #goaway(id: number, bytes: Uint8Array, start: number, end: number): void {
    if (id !== 0) breach(ErrorCode.protocolError, "GOAWAY on a stream");
    if (end - start < 8) breach(ErrorCode.frameSizeError, `GOAWAY with ${end - start} bytes`);
    this.#parts.guard.idle("GOAWAY");
    const text = latin1(bytes, start + 8, Math.min(end, start + 8 + MAX_GOAWAY_TEXT));
    this.#parts.events.goaway(readUint31(bytes, start), readUint32(bytes, start + 4), text);
  }

  #windowUpdate(id: number, bytes: Uint8Array, start: number, end: number): void {
    const { guard, table, keeper, sender } = this.#parts;
    checkSize("WINDOW_UPDATE", end - start, 4);
    guard.windowUpdate();
    const more = readUint31(bytes, start);
    if (id === 0) {
      if (more === 0) breach(ErrorCode.protocolError, "WINDOW_UPDATE of 0");
      return sender.growWindow(more);
    }
    const stream = table.get(id);
    if (stream === undefined) {
      if (table.whatIs(id) === "idle") {
        breach(ErrorCode.protocolError, "WINDOW_UPDATE on idle stream");
      }
      return; // It was under way while the stream ended here.
    }
    if (more === 0) return keeper.fault(stream, ErrorCode.protocolError, "WINDOW_UPDATE of 0");
    if (!sender.growStreamWindow(stream, more)) {
      keeper.fault(stream, ErrorCode.flowControlError, "window above 2^31 - 1");
    }
  }
}

function checkSize(name: string, bytes: number, expected: number): void {
  if (bytes !== expected) breach(ErrorCode.frameSizeError, `${name} with ${bytes} bytes`);
}
