/** A stream of a session. */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { YamuxDestroyedError, YamuxResetError } from "./errors.ts";
import type { DataSource } from "./frame_writer.ts";
import { FLAG, INITIAL_WINDOW_BYTES } from "./frames.ts";
import { Limit } from "./limit.ts";
import { ReceiveQueue } from "./receive_queue.ts";

/** The longest data frame that is sent: other streams wait for no more than this. */
const MAX_FRAME_BYTES = 64 * 1024;

/** What a stream needs of its session. */
export interface StreamLink {
  /** The largest receive window, in bytes. */
  readonly maxStreamWindowBytes: number;
  /** How long the peer has to accept the stream, in milliseconds. */
  readonly streamOpenTimeoutMs: number;
  /** How long the peer has to end its side once this one is destroyed, in milliseconds. */
  readonly streamCloseTimeoutMs: number;
  /** Sends a window update, which is also what carries flags. */
  sendWindowUpdate(flags: number, streamId: number, bytes: number): void;
  /** Sends a data frame. Only from `sendFrame()`. */
  sendData(flags: number, streamId: number, pieces: readonly Buffer[], onTaken: () => void): void;
  /** Lets the stream send when it is its turn. */
  requestTurn(source: DataSource): void;
  /** The peer has accepted the stream, or it is over without that. */
  settled(): void;
  /** The stream is over on both sides. */
  forget(stream: YamuxStream): void;
  /** The peer has neither accepted nor reset the stream in time. */
  openTimedOut(): void;
}

/** What Node is writing at the moment. */
interface Outgoing {
  /** How much it is altogether, in bytes. */
  readonly bytes: number;
  /** What of it has not been sent. */
  readonly pieces: Buffer[];
  readonly callback: (error?: Error | null) => void;
}

/**
 * One stream of a session. `end()` ends this side alone, as a FIN does.
 *
 * `destroy()` ends this side too and throws away what the peer still sends,
 * until it ends its own: a reset would take from the peer what it has not read
 * yet. With an error, or with bytes that are still to be sent, `destroy()`
 * resets the stream, so that nobody takes a part for the whole.
 *
 * An error that nobody listens for is no crash: a peer that goes away must not
 * end this process. It is in `errored`, and `close` comes after it.
 *
 * Source: hashicorp/yamux `stream.go`.
 */
export class YamuxStream extends Duplex implements DataSource {
  /** The id of the stream on the wire. */
  readonly id: number;
  readonly #link: StreamLink;
  readonly #received: ReceiveQueue;
  /** SYN or ACK, until a frame has carried it. */
  #greeting: number;
  #sendWindow = INITIAL_WINDOW_BYTES;
  #outgoing: Outgoing | undefined;
  #hasSentFin = false;
  #hasReceivedFin = false;
  /** Nothing goes over the wire any more. */
  #isOver = false;
  #sessionError: Error | undefined;
  #isWanted = false;
  /** Opened here, and not yet accepted. */
  #isPending = false;
  #openLimit: Limit | undefined;
  #closeLimit: Limit | undefined;

  /** For the session. @param greeting SYN on a stream of ours, ACK on one of the peer's. */
  constructor(id: number, greeting: number, link: StreamLink) {
    super({ readableHighWaterMark: MAX_FRAME_BYTES, writableHighWaterMark: MAX_FRAME_BYTES });
    this.id = id;
    this.#greeting = greeting;
    this.#link = link;
    this.#received = new ReceiveQueue(link.maxStreamWindowBytes);
    this.on("error", () => {});
  }

  /** For the session: opens the stream, or accepts it unless that has happened. */
  greet(): void {
    if (this.#greeting === 0 || this.#isOver) return;
    if (this.#greeting === FLAG.SYN) {
      this.#isPending = true;
      this.#openLimit = new Limit(
        this.#link.streamOpenTimeoutMs,
        () => this.#link.openTimedOut(),
      );
    }
    const credit = this.#received.takeCredit(0);
    this.#link.sendWindowUpdate(this.#takeGreeting(), this.id, credit);
  }

  /** For the session: the peer allows this many bytes more. */
  receiveCredit(bytes: number): void {
    this.#sendWindow += bytes;
    if (this.#outgoing !== undefined) this.#link.requestTurn(this);
  }

  /** For the session: whether a data frame of this length fits the window; takes it out. */
  reserve(length: number): boolean {
    return this.#received.reserve(length);
  }

  /** For the session: a piece of a data frame whose length was reserved. */
  receiveData(piece: Buffer): void {
    // Go may send data behind its FIN when one goroutine closes while another writes.
    const isUnwanted = this.#isOver || this.destroyed || this.#hasReceivedFin;
    if (!isUnwanted && !(this.#isWanted && this.#received.isEmpty)) {
      this.#received.add(ownCopy(piece));
      return;
    }
    this.#received.discard(piece.length);
    if (!isUnwanted) this.#isWanted = this.push(ownCopy(piece));
    this.#sendCredit();
  }

  /** For the session: the peer has accepted the stream. */
  receiveAck(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    this.#openLimit?.end();
    this.#link.settled();
  }

  /** For the session: the peer sends no more. `false` if it had said so before. */
  receiveFin(): boolean {
    if (this.#hasReceivedFin) return false;
    this.#hasReceivedFin = true;
    if (!this.destroyed) this.#deliver();
    this.#forgetIfDone();
    return true;
  }

  /** For the session: the stream is over at once. */
  receiveReset(): void {
    this.#over();
    this.destroy(new YamuxResetError(this.id));
  }

  /** For the session: it is over, and nothing can be sent or received any more. */
  sessionEnded(reason: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sessionError = reason;
    this.#endLimits();
    const isWhole = this.#hasReceivedFin && this.#outgoing === undefined;
    // What the peer sent to its end can still be read to its end.
    if (isWhole && !this.readableEnded && !this.destroyed) {
      this.once("end", () => this.destroy(reason));
    } else {
      this.destroy(reason);
    }
  }

  /** Sends one data frame, if the window allows. */
  sendFrame(): boolean {
    if (this.#outgoing === undefined || this.#isOver) return false;
    const outgoing = this.#outgoing;
    const { pieces } = outgoing;
    const body: Buffer[] = [];
    let room = Math.min(this.#sendWindow, MAX_FRAME_BYTES);
    while (room > 0 && pieces[0] !== undefined) {
      const piece = pieces[0].subarray(0, room);
      body.push(piece);
      room -= piece.length;
      this.#sendWindow -= piece.length;
      if (piece.length === pieces[0].length) pieces.shift();
      else pieces[0] = pieces[0].subarray(piece.length);
    }
    if (body.length === 0) return false; // Until the peer allows more.
    const isLast = pieces.length === 0;
    this.#link.sendData(this.#takeGreeting(), this.id, body, () => {
      // Only now may the writer use its buffers again.
      if (!isLast || this.#outgoing !== outgoing) return;
      this.#outgoing = undefined;
      outgoing.callback();
    });
    return !isLast && this.#sendWindow > 0;
  }

  /** Part of Duplex: takes one chunk to send. */
  override _write(chunk: Buffer, _encoding: string, callback: Outgoing["callback"]): void {
    this.#send([chunk], callback);
  }

  /** Part of Duplex: takes every chunk that waits, which saves frames. */
  override _writev(
    chunks: readonly { readonly chunk: Buffer }[],
    callback: Outgoing["callback"],
  ): void {
    this.#send(chunks.map(({ chunk }) => chunk), callback);
  }

  #send(chunks: Buffer[], callback: Outgoing["callback"]): void {
    const pieces = chunks.filter((chunk) => chunk.length > 0);
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (this.#isOver) return callback(this.#sessionError ?? new YamuxDestroyedError(this.id));
    if (bytes === 0) return callback();
    this.#outgoing = { bytes, pieces, callback };
    this.#link.requestTurn(this);
  }

  /** Part of Duplex: everything is sent, and no more will come. */
  override _final(callback: (error?: Error | null) => void): void {
    this.#sendFin();
    callback();
  }

  /** Part of Duplex: somebody reads. */
  override _read(): void {
    this.#isWanted = true;
    this.#deliver();
  }

  #deliver(): void {
    while (this.#isWanted) {
      const piece = this.#received.take();
      if (piece === undefined) break;
      this.#isWanted = this.push(piece);
    }
    if (this.#hasReceivedFin && this.#received.isEmpty) {
      this.#isWanted = false;
      this.push(null);
    }
    this.#sendCredit();
  }

  /** Part of Duplex: see the class for what goes over the wire. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const outgoing = this.#outgoing;
    const isUnsent = this.writableLength > (outgoing?.bytes ?? 0) ||
      (outgoing !== undefined && outgoing.pieces.length > 0);
    if (!this.#isOver) {
      if (error !== null || isUnsent) {
        this.#reset();
      } else {
        this.#sendFin();
        if (!this.#isOver) this.#linger();
      }
    }
    this.#received.clear();
    this.#sendCredit();
    this.#outgoing = undefined;
    callback(error);
    outgoing?.callback(error ?? new YamuxDestroyedError(this.id));
  }

  /** Gives the peer its time to end its side. */
  #linger(): void {
    // Who has gone away needs no ACK: this limit takes the place of that one.
    this.#openLimit?.end();
    this.#closeLimit = new Limit(this.#link.streamCloseTimeoutMs, () => this.#reset());
  }

  #reset(): void {
    this.#link.sendWindowUpdate(FLAG.RST, this.id, 0);
    this.#over();
  }

  #sendFin(): void {
    if (this.#hasSentFin || this.#isOver) return;
    this.#hasSentFin = true;
    this.#link.sendWindowUpdate(this.#takeGreeting() | FLAG.FIN, this.id, 0);
    this.#forgetIfDone();
  }

  /** Sends what the peer may send more, if that is much; one that has ended has no use for it. */
  #sendCredit(): void {
    if (this.#isOver || this.#hasReceivedFin) return;
    const credit = this.#received.takeCredit();
    if (credit > 0) this.#link.sendWindowUpdate(this.#takeGreeting(), this.id, credit);
  }

  #takeGreeting(): number {
    const greeting = this.#greeting;
    this.#greeting = 0;
    return greeting;
  }

  #forgetIfDone(): void {
    if (this.#hasSentFin && this.#hasReceivedFin) this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#endLimits();
    if (this.#isPending) this.#link.settled();
    this.#isPending = false;
    this.#link.forget(this);
  }

  #endLimits(): void {
    this.#openLimit?.end();
    this.#closeLimit?.end();
  }

  /** Does nothing: here as every caller of a socket expects it. */
  setNoDelay(): this {
    return this;
  }

  /** Does nothing: the session looks after the connection. */
  setKeepAlive(): this {
    return this;
  }

  /** Does nothing: a stream may be idle for as long as its session lives. */
  setTimeout(): this {
    return this;
  }

  /** Does nothing: the connection decides whether the process goes on. */
  ref(): this {
    return this;
  }

  /** Does nothing: the connection decides whether the process goes on. */
  unref(): this {
    return this;
  }
}

/** A small view would hold on to all of the chunk that it was cut from. */
function ownCopy(piece: Buffer): Buffer {
  return piece.length * 4 < piece.buffer.byteLength ? Buffer.from(piece) : piece;
}
