/** How streams end. */
import { breach, ErrorCode, Http2Error } from "./errors.ts";
import { FrameType } from "./frames.ts";
import type { FloodGuard } from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import type { StreamState } from "./stream_state.ts";
import type { StreamTable } from "./stream_table.ts";

/** What a keeper works with. */
export interface KeeperParts {
  readonly isServer: boolean;
  readonly out: Outbox;
  readonly table: StreamTable;
  readonly guard: FloodGuard;
  /** A stream is gone: others may take its place. */
  readonly removed: () => void;
}

/** Ends the streams of a connection, one way or another. */
export class StreamKeeper {
  readonly #parts: KeeperParts;

  /** Makes a keeper. */
  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Writes RST_STREAM. */
  writeReset(id: number, code: number): void {
    const { out } = this.#parts;
    out.frame(FrameType.rstStream, 0, id, 4, 4);
    out.uint32(code);
  }

  /** Answers something that a peer should not have sent. The guard may end the connection instead. */
  refuse(id: number, code: number): void {
    this.#parts.guard.answer(this.#parts.out.isLinkFull);
    this.writeReset(id, code);
  }

  /** This side resets a stream by its own will; nobody is told. */
  cancel(stream: StreamState, code: number): void {
    if (stream.isClosed) return;
    if (stream.id !== 0) this.writeReset(stream.id, code);
    this.#remove(stream, true);
  }

  /** The peer broke the rules on a stream, which is a way to have streams reset without a RST_STREAM. */
  fault(stream: StreamState, code: number, found: string): void {
    this.#parts.guard.reset();
    this.refuse(stream.id, code);
    this.#remove(stream, true);
    stream.handler.reset(
      new Http2Error(code, "protocol", `Cannot go on with the HTTP/2 stream: ${found}`),
    );
  }

  /** The stream is over before its end, and the peer knows. */
  fail(stream: StreamState, error: Http2Error): void {
    if (stream.isClosed) return;
    this.#remove(stream, false);
    stream.handler.reset(error);
  }

  /** END_STREAM was written. */
  sentEnd(stream: StreamState): void {
    stream.hasSentEnd = true;
    stream.handler.sentEnd?.();
    if (stream.isEndPending) return; // receivedEnd() sees to it
    if (stream.isReceiveEnded) this.#remove(stream, false);
    else if (stream.resetCodeAfterEnd !== undefined) this.cancel(stream, stream.resetCodeAfterEnd);
  }

  /** END_STREAM came; everything before it has been told. */
  receivedEnd(stream: StreamState): void {
    stream.isReceiveEnded = true;
    stream.isEndPending = false;
    if (stream.isClosed) return;
    stream.handler.end();
    if (stream.hasSentEnd && !stream.isClosed) this.#remove(stream, false);
  }

  #remove(stream: StreamState, byUs: boolean): void {
    if (stream.isClosed) return;
    stream.isClosed = true;
    stream.queue = undefined;
    stream.queuedBytes = 0;
    if (stream.id !== 0) this.#parts.table.remove(stream, byUs);
    this.#parts.removed();
  }

  /**
   * A frame came for a stream that is not open.
   *
   * @param isHeaders Whether it would open one.
   * @throws {Http2Error} If the peer cannot have meant it well.
   */
  absent(id: number, isHeaders: boolean): void {
    switch (this.#parts.table.whatIs(id)) {
      case "idle":
        return breach(ErrorCode.protocolError, "frame on a stream that was never opened");
      case "ended":
        return breach(ErrorCode.streamClosed, "frame on a stream that has ended");
      case "old":
        // A client may have cancelled more streams than it remembers.
        if (!this.#parts.isServer) return;
        if (isHeaders) breach(ErrorCode.protocolError, "stream id below the last one");
        return this.#parts.guard.idle("frames on old streams");
      case "reset-by-us":
        // It was under way when this side's RST_STREAM was.
        return;
    }
  }
}
