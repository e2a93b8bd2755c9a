/** What an HTTP/2 connection needs of the bytes underneath. */

/**
 * A byte stream in both directions: a socket, a TLS connection, a yamux
 * stream. `makeDuplexLink` makes one of any `Duplex` of Node's.
 */
export interface Link {
  /**
   * Begins to read. Called once, by the connection; the handler is never
   * called before, and not from within this call.
   */
  start(handler: LinkHandler): void;
  /**
   * Sends these pieces in this order, as one write to the system if it can.
   * Errors come to {@linkcode LinkHandler.close}.
   *
   * @param written Called once nobody reads the pieces any more, so that they
   * can be changed. A link that cannot know that never calls.
   */
  write(pieces: readonly Uint8Array[], written?: () => void): void;
  /**
   * Whether so much waits to be sent that the connection should hold back;
   * {@linkcode LinkHandler.drain} says when it has gone.
   */
  readonly isFull: boolean;
  /** Ends the sending, after what was written. The other direction stays open. */
  end(): void;
  /** Ends both directions at once. May be called twice, and after `end()`. */
  destroy(): void;
}

/** What a link tells the connection. */
export interface LinkHandler {
  /** Bytes came. The link does not use this memory again. */
  data(chunk: Uint8Array): void;
  /** The link is no longer full. */
  drain(): void;
  /** The peer ended its sending. */
  end(): void;
  /** Both directions are over. Called once; nothing is called after it. */
  close(error?: Error): void;
}
