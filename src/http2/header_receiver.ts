/** Header blocks that come, and the streams they open. Source: RFC 9113 sections 5.1, 6.2 and 8.1. */
import { breach, ErrorCode, flood } from "./errors.ts";
import { Flag, readUint31 } from "./frames.ts";
import { type BadBlock, HeaderCache } from "./header_cache.ts";
import type { BlockKind, ReceivedHeaders } from "./headers.ts";
import { HpackDecoder } from "./hpack_decoder.ts";
import type { FloodGuard } from "./limits.ts";
import type { ResolvedOptions } from "./options.ts";
import type { StreamKeeper } from "./stream_keeper.ts";
import type { StreamState } from "./stream_state.ts";
import type { StreamTable } from "./stream_table.ts";

/** Who opens the stream of a request. */
export interface RequestSink {
  /** Whether one more can be opened now. */
  mayAccept(): boolean;
  /** Opens it and tells the layer above. */
  accept(id: number, headers: ReceivedHeaders, endStream: boolean): void;
}

/** What a receiver of header blocks works with. */
export interface HeaderReceiverParts {
  readonly options: ResolvedOptions;
  readonly isServer: boolean;
  readonly table: StreamTable;
  readonly guard: FloodGuard;
  readonly keeper: StreamKeeper;
  readonly requests: RequestSink;
}

/** A block of which more is to come. */
interface PartialBlock {
  readonly id: number;
  readonly endStream: boolean;
  readonly parts: Uint8Array[];
  bytes: number;
}

/** Receives the header blocks of a connection. */
export class HeaderReceiver {
  readonly #parts: HeaderReceiverParts;
  readonly #cache: HeaderCache;
  #partial: PartialBlock | undefined;

  /** Makes a receiver with a table of its own. */
  constructor(parts: HeaderReceiverParts) {
    this.#parts = parts;
    this.#cache = new HeaderCache(new HpackDecoder(parts.options.maxHeaderListBytes));
  }

  /** HEADERS came. */
  headers(flags: number, id: number, bytes: Uint8Array, start: number, end: number): void {
    if (id === 0) breach(ErrorCode.protocolError, "HEADERS on stream 0");
    let at = start;
    let padding = 0;
    if ((flags & Flag.padded) !== 0) {
      if (at === end) breach(ErrorCode.frameSizeError, "padded HEADERS without a pad length");
      padding = bytes[at++]!;
    }
    if ((flags & Flag.priority) !== 0) {
      if (at + 5 > end) breach(ErrorCode.frameSizeError, "HEADERS too short for a priority");
      if (readUint31(bytes, at) === id) {
        breach(ErrorCode.protocolError, "stream that depends on itself");
      }
      at += 5;
    }
    if (at + padding > end) breach(ErrorCode.protocolError, "HEADERS padded beyond their end");
    const endStream = (flags & Flag.endStream) !== 0;
    const blockEnd = end - padding;
    if ((flags & Flag.endHeaders) !== 0) return this.#block(id, endStream, bytes, at, blockEnd);
    const part = new Uint8Array(bytes.subarray(at, blockEnd));
    this.#partial = { id, endStream, parts: [part], bytes: part.length };
    this.#checkPartial(this.#partial);
  }

  /** CONTINUATION came, where it may. */
  continuation(flags: number, bytes: Uint8Array, start: number, end: number): void {
    const partial = this.#partial!;
    partial.parts.push(new Uint8Array(bytes.subarray(start, end)));
    partial.bytes += end - start;
    this.#checkPartial(partial);
    if ((flags & Flag.endHeaders) === 0) return;
    this.#partial = undefined;
    const block = new Uint8Array(partial.bytes);
    let at = 0;
    for (const part of partial.parts) {
      block.set(part, at);
      at += part.length;
    }
    this.#block(partial.id, partial.endStream, block, 0, block.length);
  }

  #checkPartial({ parts, bytes }: PartialBlock): void {
    const { maxHeaderBlockBytes, maxContinuations } = this.#parts.options;
    if (bytes > maxHeaderBlockBytes) {
      flood(`header block of more than ${maxHeaderBlockBytes} bytes`);
    }
    if (parts.length - 1 > maxContinuations) {
      flood(`header block with more than ${maxContinuations} CONTINUATION frames`);
    }
  }

  /** A whole block. It is decoded whatever it is for: the table must not miss one. */
  #block(id: number, endStream: boolean, bytes: Uint8Array, start: number, end: number): void {
    const { isServer, table, keeper } = this.#parts;
    const stream = table.get(id);
    const headers = this.#cache.read(bytes, start, end, kindOf(isServer, stream));
    if (stream !== undefined) this.#further(stream, headers, endStream);
    else if (table.mayOpen(id)) this.#request(id, headers, endStream);
    else keeper.absent(id, true);
  }

  #request(id: number, headers: ReceivedHeaders | BadBlock, endStream: boolean): void {
    const { requests, table, keeper, guard } = this.#parts;
    guard.streamOpened();
    if (typeof headers === "string") {
      table.refuse(id);
      guard.idle("malformed requests", 10);
      keeper.refuse(
        id,
        headers === "malformed" ? ErrorCode.protocolError : ErrorCode.enhanceYourCalm,
      );
    } else if (endStream && headers.contentLength > 0) {
      table.refuse(id);
      guard.idle("malformed requests", 10);
      keeper.refuse(id, ErrorCode.protocolError);
    } else if (!requests.mayAccept()) {
      table.refuse(id);
      guard.idle("requests that were refused");
      keeper.refuse(id, ErrorCode.refusedStream);
    } else {
      requests.accept(id, headers, endStream);
    }
  }

  /** A block on an open stream: a response, or trailers. */
  #further(stream: StreamState, headers: ReceivedHeaders | BadBlock, endStream: boolean): void {
    const { keeper, isServer, guard } = this.#parts;
    if (stream.isReceiveEnded) {
      return keeper.fault(stream, ErrorCode.streamClosed, "HEADERS after its end");
    }
    if (typeof headers === "string") {
      const found = headers === "malformed" ? "malformed headers" : "header list too large";
      return keeper.fault(stream, ErrorCode.protocolError, found);
    }
    if (headers.isInformational) {
      if (endStream) return keeper.fault(stream, ErrorCode.protocolError, "end after status 1xx");
      return guard.idle("informational responses");
    }
    const isTrailers = isServer || stream.hasResponse;
    if (isTrailers && !endStream) {
      return keeper.fault(stream, ErrorCode.protocolError, "trailers that are not the end");
    }
    if (!isTrailers) {
      stream.hasResponse = true;
      // 304 says what it would have brought. An answer to HEAD does too; nobody here asks for one.
      stream.expectedBytes = headers.status === 304 ? -1 : headers.contentLength;
    }
    if (endStream && stream.expectedBytes > 0) {
      return keeper.fault(stream, ErrorCode.protocolError, "less DATA than content-length says");
    }
    stream.isReceiveEnded = stream.isEndPending = endStream;
    if (isTrailers) stream.handler.trailers(headers);
    else stream.handler.headers(headers, endStream);
    if (endStream) keeper.receivedEnd(stream);
  }
}

function kindOf(isServer: boolean, stream: StreamState | undefined): BlockKind {
  if (isServer) return stream === undefined ? "request" : "trailers";
  return stream?.hasResponse ? "trailers" : "response";
}
