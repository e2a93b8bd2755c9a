/** How the two sides of a broker meet: what the broker needs to know of it. */
import type { Duplex } from "node:stream";
import { BrokerError } from "../errors.ts";
import type { Announcement } from "./announcements.ts";
import type { Outbox } from "./outbox.ts";
import type { Peer } from "./peer.ts";

/** What is said about a stream, where host and plugin multiplex. */
export interface Knock {
  /** Always `true`. */
  readonly knock: boolean;
  /** Whether this answers a knock. */
  readonly ack?: boolean;
  /** In an answer: why there will be no stream; empty if there will be one. */
  readonly error?: string;
}

/** A message of the broker's stream. */
export interface ConnInfo extends Announcement {
  /** Only with multiplexing. */
  readonly knock?: Knock | undefined;
}

/** What goes to the peer over the broker's stream. */
export type ConnInfoOutbox = Outbox<ConnInfo>;

/** Where the peer's connections for one id come in. */
export interface Entry {
  /**
   * Lets the peer in. When it resolves, the peer can dial.
   *
   * @throws {BrokerError} If the peer has gone away.
   */
  open(outbox: ConnInfoOutbox, accept: (connection: Duplex) => void): Promise<void>;
  /** Lets nobody in any more, and cuts what does not end by itself. May be called twice. */
  close(): Promise<void>;
}

/** Brings the connections of one side together with what the other serves. */
export interface Meeting {
  /** How long a connection may take once its peer was found, in milliseconds. */
  readonly connectTimeoutMs: number;
  /**
   * Gets ready for connections to an id. The peer does not know of it yet.
   *
   * @throws {ListenError} If nothing can be bound.
   */
  prepare(id: number): Promise<Entry>;
  /**
   * Finds what the peer serves under an id.
   *
   * @param outbox Waits for the broker's stream.
   * @throws {BrokerError} If it cannot be found.
   */
  find(id: number, outbox: () => Promise<ConnInfoOutbox>, signal?: AbortSignal): Promise<Peer>;
  /** Takes a message of the peer; what it asks for goes to the outbox. */
  receive(message: ConnInfo, outbox: ConnInfoOutbox): void;
  /** Ends all waits, for good. */
  close(reason: Error): void;
}

/** The error of whoever still wants something. */
export function brokerClosed(): BrokerError {
  return new BrokerError("closed", "The broker is closed: the peer is gone, or has no broker");
}
