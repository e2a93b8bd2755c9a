/** A connection of its own for everything served: its address is announced to the peer. */
import type { Duplex } from "node:stream";
import { BrokerError } from "../errors.ts";
import { listen, type ListenOptions } from "../transport/listen.ts";
import { requireDial } from "../transport/permissions.ts";
import { type Address, formatAddress, parseAddress } from "../wire/address.ts";
import { Announcements, BROKER_TIMEOUT_MS } from "./announcements.ts";
import {
  brokerClosed,
  type ConnInfo,
  type ConnInfoOutbox,
  type Entry,
  type Meeting,
} from "./meeting.ts";
import type { Peer } from "./peer.ts";

/** Where an address of one side is to be found by the other, which may see other files. */
export interface AddressTranslation {
  /** What the plugin's address is called on the host's side. */
  pluginToHost(address: Address): Address | Promise<Address>;
  /** What the host's address is called on the plugin's side. */
  hostToPlugin(address: Address): Address | Promise<Address>;
}

/** Where to listen, and what that is called elsewhere. */
export interface AnnouncedMeetingConfig extends ListenOptions {
  /** On a host whose plugin sees other files or another network. */
  readonly translation?: AddressTranslation | undefined;
}

/** Each side listens for what it serves, and tells the other where. */
export class AnnouncedMeeting implements Meeting {
  readonly connectTimeoutMs: number = BROKER_TIMEOUT_MS;
  readonly #config: AnnouncedMeetingConfig;
  readonly #announced = new Announcements();

  /** Nothing is bound yet. */
  constructor(config: AnnouncedMeetingConfig) {
    this.#config = config;
  }

  async prepare(id: number): Promise<Entry> {
    const { translation } = this.#config;
    const listener = await listen(this.#config);
    return {
      async open(outbox: ConnInfoOutbox, accept: (connection: Duplex) => void): Promise<void> {
        const address = await translation?.hostToPlugin(listener.address) ?? listener.address;
        if (outbox.isEnded) throw brokerClosed();
        listener.accept(accept);
        outbox.send({ serviceId: id, network: address.network, address: formatAddress(address) });
      },
      close: () => listener.close(),
    };
  }

  async find(id: number, _outbox: unknown, signal?: AbortSignal): Promise<Peer> {
    const { network, address } = await this.#announced.take(id, signal);
    const announced = announcedAddress(id, network, address);
    const found = await this.#config.translation?.pluginToHost(announced) ?? announced;
    requireDial(this.#config.runtime, `Cannot dial id ${id}`, found);
    return found;
  }

  receive({ serviceId, network, address, knock }: ConnInfo): void {
    if (!knock) return this.#announced.add({ serviceId, network, address });
    // Knocks belong to multiplexing, which was not agreed on.
    this.#config.logger.warn("the peer knocked without multiplexing", { id: serviceId });
  }

  close(reason: Error): void {
    this.#announced.close(reason);
  }
}

function announcedAddress(id: number, network: string, address: string): Address {
  try {
    return parseAddress(network, address);
  } catch (cause) {
    throw new BrokerError("address", `Cannot dial id ${id}: ${(cause as Error).message}`, {
      cause,
    });
  }
}
