/**
 * One connection for everything served: whoever wants a stream on it knocks
 * first, and the next stream is for the id that was knocked for.
 *
 * Source: go-plugin `grpc_broker.go`: `muxDial`, `knock`, `listenForKnocks`.
 */
import type { Duplex } from "node:stream";
import { BrokerError } from "../errors.ts";
import type { Logger } from "../logging/logger.ts";
import { YamuxSessionError } from "../mux/errors.ts";
import type { Knocks } from "../mux/knocks.ts";
import type { YamuxStream } from "../mux/stream.ts";
import { BROKER_TIMEOUT_MS } from "./announcements.ts";
import {
  brokerClosed,
  type ConnInfo,
  type ConnInfoOutbox,
  type Entry,
  type Meeting,
} from "./meeting.ts";
import { OpenStreams } from "./open_streams.ts";
import type { Peer } from "./peer.ts";

/** How long a knock waits for its id to be served, in milliseconds: the peer hears of it in time. */
const PARK_MS = BROKER_TIMEOUT_MS - 500;

/** How long a connection may take, in milliseconds: the knocks of others may come first. */
const CONNECT_TIMEOUT_MS = 4 * BROKER_TIMEOUT_MS;

/** How many of the ids that were served are remembered, to refuse them at once. */
const REMEMBERED_IDS = 1024;

/** Takes the streams that were knocked for. */
type Accept = (connection: Duplex) => void;

/** A knock that the peer has not answered. */
interface Waiting {
  readonly id: number;
  readonly resolve: (stream: Promise<YamuxStream>) => void;
  readonly reject: (reason: Error) => void;
}

/** Both sides serve and dial on one connection. */
export class KnockedMeeting implements Meeting {
  readonly connectTimeoutMs: number = CONNECT_TIMEOUT_MS;
  readonly #logger: Logger;
  readonly #knocks: () => Knocks;
  readonly #served = new Map<number, Accept>();
  /** Ids that were served once. */
  readonly #past = new Set<number>();
  /** Knocks for what is not served yet. */
  readonly #parked = new Map<
    number,
    { outbox: ConnInfoOutbox; timer: ReturnType<typeof setTimeout> }
  >();
  #waiting: Waiting | undefined;
  #closed: Error | undefined;

  /** @param knocks The connection; there is one as soon as there is a stream of the broker. */
  constructor(logger: Logger, knocks: () => Knocks) {
    this.#logger = logger;
    this.#knocks = knocks;
  }

  prepare(id: number): Promise<Entry> {
    const streams = new OpenStreams();
    let own: Accept | undefined;
    return Promise.resolve({
      open: (outbox, accept) => {
        if (outbox.isEnded || this.#closed !== undefined) return Promise.reject(brokerClosed());
        own = (stream) => {
          streams.add(stream);
          accept(stream);
        };
        this.#serve(id, own);
        return Promise.resolve();
      },
      close: async () => {
        if (own !== undefined && this.#served.get(id) === own) this.#forget(id);
        await streams.close();
      },
    });
  }

  #serve(id: number, accept: Accept): void {
    this.#served.set(id, accept);
    this.#past.delete(id);
    const parked = this.#parked.get(id);
    if (parked === undefined) return;
    clearTimeout(parked.timer);
    this.#parked.delete(id);
    this.#admit(id, accept, parked.outbox);
  }

  #forget(id: number): void {
    this.#served.delete(id);
    this.#past.add(id);
    const [oldest] = this.#past;
    if (this.#past.size > REMEMBERED_IDS) this.#past.delete(oldest as number);
  }

  /** Each connection knocks, the first as well as those that follow when it is lost. */
  find(id: number, outbox: () => Promise<ConnInfoOutbox>): Promise<Peer> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return Promise.resolve(async (signal: AbortSignal) => {
      if (this.#closed !== undefined) throw this.#closed;
      const stream = await outbox();
      try {
        return await this.#knocks().dial(() => this.#knock(id, stream), signal);
      } catch (cause) {
        if (!(cause instanceof YamuxSessionError)) throw cause;
        throw new BrokerError("closed", `Cannot dial id ${id}: ${cause.message}`, { cause });
      }
    });
  }

  #knock(id: number, outbox: ConnInfoOutbox): Promise<YamuxStream> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined || outbox.isEnded) return reject(brokerClosed());
      const end = () => {
        clearTimeout(timer);
        this.#waiting = undefined;
      };
      const waiting: Waiting = {
        id,
        resolve: (stream) => {
          end();
          resolve(stream);
        },
        reject: (reason) => {
          end();
          reject(reason);
        },
      };
      const timer = setTimeout(() => waiting.reject(timeoutOf(id)), BROKER_TIMEOUT_MS);
      this.#waiting = waiting;
      outbox.send(message(id, { knock: true, ack: false, error: "" }));
    });
  }

  receive({ serviceId: id, knock }: ConnInfo, outbox: ConnInfoOutbox): void {
    if (!knock?.knock) {
      this.#logger.warn("the peer announced an address in spite of multiplexing", { id });
    } else if (knock.ack) this.#answered(id, knock.error);
    else this.#knocked(id, outbox);
  }

  #knocked(id: number, outbox: ConnInfoOutbox): void {
    const accept = this.#served.get(id);
    if (accept !== undefined) return this.#admit(id, accept, outbox);
    if (this.#past.has(id)) return refuse(id, outbox);
    if (this.#parked.has(id) || this.#closed !== undefined) return;
    const timer = setTimeout(() => {
      this.#parked.delete(id);
      refuse(id, outbox);
    }, PARK_MS);
    this.#parked.set(id, { outbox, timer });
  }

  #admit(id: number, accept: Accept, outbox: ConnInfoOutbox): void {
    // Before the answer: the stream may follow at once.
    this.#knocks().expect(accept);
    outbox.send(message(id, { knock: true, ack: true, error: "" }));
  }

  #answered(id: number, error = ""): void {
    const waiting = this.#waiting?.id === id ? this.#waiting : undefined;
    if (error !== "") return waiting?.reject(refusalOf(id, error));
    // Whether or not it is still wanted: the peer gives its next stream to the id.
    const stream = this.#knocks().open();
    if (waiting !== undefined) return waiting.resolve(stream);
    stream.then((unwanted) => unwanted.destroy(), () => {}); // Without one, none is misplaced.
  }

  close(reason: Error): void {
    this.#closed ??= reason;
    for (const { timer } of this.#parked.values()) clearTimeout(timer);
    this.#parked.clear();
    this.#waiting?.reject(reason);
  }
}

function message(serviceId: number, knock: ConnInfo["knock"]): ConnInfo {
  return { serviceId, network: "", address: "", knock };
}

function refuse(id: number, outbox: ConnInfoOutbox): void {
  outbox.send(message(id, { knock: true, ack: true, error: `no listener for id ${id}` }));
}

function refusalOf(id: number, error: string): BrokerError {
  return new BrokerError("refused", `Cannot dial id ${id}: the peer refused it: ${error}`, {
    hint: "The peer has to serve the id, and at most five seconds after it is dialled",
  });
}

function timeoutOf(id: number): BrokerError {
  return new BrokerError(
    "timeout",
    `Cannot dial id ${id}: timeout waiting for multiplexing knock handshake after ` +
      `${BROKER_TIMEOUT_MS} ms`,
    { hint: "The peer has to serve the id, and at most five seconds after it is dialled" },
  );
}
