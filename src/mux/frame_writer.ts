/** Frames on their way into the connection. */
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { encodeHeader, FRAME_TYPE } from "./frames.ts";
import { Limit } from "./limit.ts";

/** A body up to this goes out in one buffer with its header, and its writer need not wait. */
const SMALL_BYTES = 4 * 1024;

/** Who has data to send. */
export interface DataSource {
  /** Sends one frame, if the peer's window allows; `true` if another could follow at once. */
  sendFrame(): boolean;
}

/**
 * Writes frames. Small ones go at once; data waits until the connection takes
 * more, and then every stream gets a frame in turn, so that neither memory nor
 * a ping's answer waits on what many streams have to say.
 */
export class FrameWriter {
  readonly #connection: Duplex;
  readonly #timeoutMs: number;
  readonly #onStuck: () => void;
  readonly #sources = new Set<DataSource>();
  #stuck: Limit | undefined;
  #isPumping = false;
  #isClosed = false;

  /**
   * @param timeoutMs How long the connection may take nothing, in milliseconds.
   * @param onStuck Called when it does.
   */
  constructor(connection: Duplex, timeoutMs: number, onStuck: () => void) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
    this.#onStuck = onStuck;
    connection.on("drain", this.#onDrain);
  }

  /** Writes a frame without a body. */
  writeControl(type: number, flags: number, streamId: number, length: number): void {
    if (this.#isClosed) return;
    this.#took(this.#connection.write(encodeHeader(type, flags, streamId, length)));
  }

  /**
   * Writes a data frame. Only a {@linkcode DataSource} whose turn it is does that.
   *
   * @param pieces The body; at least one piece.
   * @param onTaken Called once the bytes are of no more use here.
   */
  writeData(
    flags: number,
    streamId: number,
    pieces: readonly Buffer[],
    onTaken: () => void,
  ): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const header = encodeHeader(FRAME_TYPE.DATA, flags, streamId, length);
    if (length <= SMALL_BYTES) {
      this.#took(this.#connection.write(Buffer.concat([header, ...pieces])));
      return onTaken();
    }
    this.#connection.cork();
    this.#connection.write(header);
    const last = pieces.length - 1;
    let hasRoom = true;
    pieces.forEach((piece, index) => {
      // At the end of the connection its error goes to everyone, with a better reason.
      hasRoom = this.#connection.write(piece, index === last ? () => onTaken() : undefined);
    });
    this.#connection.uncork();
    this.#took(hasRoom);
  }

  /** Lets a source send as soon as it is its turn. */
  request(source: DataSource): void {
    if (this.#isClosed) return;
    this.#sources.add(source);
    this.#pump();
  }

  /** Writes nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#sources.clear();
    this.#stuck?.end();
    this.#connection.off("drain", this.#onDrain);
  }

  #took(hasRoom: boolean): void {
    if (hasRoom || this.#isClosed) return;
    this.#stuck ??= new Limit(this.#timeoutMs, this.#onStuck);
  }

  readonly #onDrain = (): void => {
    this.#stuck?.end();
    this.#stuck = undefined;
    this.#pump();
  };

  #pump(): void {
    // A source may ask again while it is being served.
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (const source of this.#sources) {
      // Full: 'drain' goes on with it.
      if (this.#stuck !== undefined) break;
      // Added again it stands at the end of the round.
      this.#sources.delete(source);
      if (source.sendFrame()) this.#sources.add(source);
    }
    this.#isPumping = false;
  }
}
