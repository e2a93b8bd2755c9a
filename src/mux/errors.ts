/**
 * The errors of yamux. A stream or a session ends with one of them; the
 * message says what could not be done, the class and its fields why.
 */
import { PluginError, type PluginErrorOptions } from "../errors.ts";

/** The root of what goes wrong in yamux. */
export class YamuxError extends PluginError {
  /** Makes an error of the situation `yamux-` and what follows. */
  constructor(situation: string, message: string, options: PluginErrorOptions = {}) {
    super(`yamux-${situation}`, message, options);
    this.name = "YamuxError";
  }
}

/** Why a session is over. */
export type SessionFault =
  /** `close()` was called on this side. */
  | "closed"
  /** The peer ended the connection, between two frames or in the middle of one. */
  | "ended"
  /** The connection failed; the cause has what it said. */
  | "failed"
  /** The peer did what yamux does not allow. */
  | "protocol"
  /** The peer said with a GoAway that something is wrong. */
  | "go-away"
  /** The peer did not answer a keepalive. */
  | "keep-alive"
  /** The peer neither accepted nor reset a stream in time. */
  | "open-timeout"
  /** The peer took nothing from the connection for too long. */
  | "write-timeout";

/** The session is over, and with it every stream it had. */
export class YamuxSessionError extends YamuxError {
  /** Why it is over. */
  readonly fault: SessionFault;

  /** Sets why the session is over. */
  constructor(fault: SessionFault, message: string, options: PluginErrorOptions = {}) {
    super(fault, `Cannot go on with the yamux session: ${message}`, options);
    this.name = "YamuxSessionError";
    this.fault = fault;
  }
}

/** The peer did what yamux does not allow; it was told so with a GoAway. */
export class YamuxProtocolError extends YamuxSessionError {
  /** Sets what the peer did. */
  constructor(message: string) {
    super("protocol", message);
    this.name = "YamuxProtocolError";
  }
}

/** The peer ended the session with a GoAway. */
export class YamuxGoAwayError extends YamuxSessionError {
  /** The reason it gave: 1 for a protocol error, 2 for an internal one. */
  readonly goAwayCode: number;

  /** Sets the reason that the peer gave. */
  constructor(goAwayCode: number) {
    const known = { 1: "a protocol error", 2: "an internal error" }[goAwayCode];
    super("go-away", `the peer left because of ${known ?? `reason ${goAwayCode}`}`);
    this.name = "YamuxGoAwayError";
    this.goAwayCode = goAwayCode;
  }
}

/** No stream can be opened on a session that is otherwise well. */
export class YamuxOpenError extends YamuxError {
  /** Whether the peer takes no more streams, or there are no more ids. */
  readonly fault: "refused" | "exhausted";

  /** Sets what is in the way. */
  constructor(fault: "refused" | "exhausted") {
    const found = fault === "refused" ? "the peer takes no more" : "every id has been used";
    super(fault, `Cannot open a yamux stream: ${found}`);
    this.name = "YamuxOpenError";
    this.fault = fault;
  }
}

/** The peer reset the stream; what it had sent and nobody had read is lost. */
export class YamuxResetError extends YamuxError {
  /** The id of the stream. */
  readonly streamId: number;

  /** Sets which stream it was. */
  constructor(streamId: number) {
    super("reset", `Cannot use yamux stream ${streamId}: the peer reset it`);
    this.name = "YamuxResetError";
    this.streamId = streamId;
  }
}

/** The stream was destroyed on this side before it had sent everything. */
export class YamuxDestroyedError extends YamuxError {
  /** The id of the stream. */
  readonly streamId: number;

  /** Sets which stream it was. */
  constructor(streamId: number) {
    super("destroyed", `Cannot write to yamux stream ${streamId}: it was destroyed`);
    this.name = "YamuxDestroyedError";
    this.streamId = streamId;
  }
}

/** A ping was not answered in time. */
export class YamuxPingTimeoutError extends YamuxError {
  /** Sets how long was waited, in milliseconds. */
  constructor(timeoutMs: number) {
    super("ping-timeout", `Cannot reach the yamux peer: no answer to a ping in ${timeoutMs} ms`);
    this.name = "YamuxPingTimeoutError";
  }
}
