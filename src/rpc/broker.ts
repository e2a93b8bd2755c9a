/** GRPCBroker: further connections between host and plugin, in either direction. */
import { BrokerError } from "../errors.ts";
import type { Logger } from "../logging/logger.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { BROKER_TIMEOUT_MS } from "./announcements.ts";
import { openChannel, type RpcChannel } from "./channel.ts";
import { makeClient } from "./client.ts";
import type { ClientOf, ServerCall } from "./contract.ts";
import { brokerDescriptor } from "./descriptors.ts";
import type { EngineConfig } from "./engine_options.ts";
import { Interrupt } from "./interrupt.ts";
import { brokerClosed, type ConnInfo, type ConnInfoOutbox, type Meeting } from "./meeting.ts";
import { Outbox } from "./outbox.ts";
import { type Plugin, registerOn, type ServerContext } from "./plugin_set.ts";
import { createServer } from "./server.ts";
import { type Service, service } from "./service.ts";
import type { ConnectionTls } from "./tls.ts";

/** The contract of `plugin.GRPCBroker`. */
export interface BrokerStream {
  /** Announcements, both ways, as long as host and plugin are connected. */
  startStream(requests: AsyncIterable<ConnInfo>): AsyncIterable<ConnInfo>;
}

/** The service whose one stream the host opens and both sides announce on. */
export const BrokerService: Service<BrokerStream> = service<BrokerStream>(
  brokerDescriptor,
  "plugin.GRPCBroker",
);

/** A service that one side serves for the other to dial. */
export interface BrokeredServer extends AsyncDisposable {
  /** The id it is dialled by. */
  readonly id: number;
  /** Ends it with all its connections. May be called twice. */
  close(): Promise<void>;
}

/** A client on a connection of its own, which ends when it is disposed of. */
export type BrokeredClient<T> = ClientOf<T> & AsyncDisposable;

/**
 * Further connections between a host and its plugin, each under an id that
 * the serving side takes and tells the other in a message of the application.
 *
 * Source: go-plugin `GRPCBroker`.
 */
export interface Broker {
  /** A new id for something this side will serve. The first is 1. */
  nextId(): number;
  /**
   * Serves plugins under an id. Resolves when the other side can dial it, so
   * that the id can be told at once. Any number of connections may come.
   *
   * @throws {BrokerError} If the other side has no broker or is gone.
   * @throws {ListenError} If nothing can be bound.
   * @throws {PermissionError} If that is for want of permissions.
   */
  serve(id: number, ...plugins: readonly Plugin[]): Promise<BrokeredServer>;
  /**
   * Connects to what the other side serves under an id. Waits up to five
   * seconds for it to be announced.
   *
   * @throws {BrokerError} If nothing is announced in time.
   * @throws {ConnectError} If the announced place cannot be reached.
   * @throws {PermissionError} If it may not be reached: the message names the flags.
   */
  dial<T>(
    id: number,
    service: Service<T>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<BrokeredClient<T>>;
}

/** What a broker needs for the connections it makes and takes. */
export interface BrokerConfig {
  /** The system. */
  readonly runtime: Runtime;
  /** Told what goes wrong where nobody waits for it. */
  readonly logger: Logger;
  /** How connections find their way. It ends with the broker. */
  readonly meeting: Meeting;
  /** The main connection's certificates, for both roles. */
  readonly tls: ConnectionTls | undefined;
  /** What the user tells the engine. */
  readonly engine?: EngineConfig | undefined;
  /** Resolves with the reason when the peer is known to be gone for good. */
  readonly gone?: Promise<Error> | undefined;
  /** How long calls under way may take to end when something served closes, in milliseconds. */
  readonly drainTimeoutMs: number;
}

/** One side's broker. */
export class GrpcBroker implements Broker {
  readonly #config: BrokerConfig;
  readonly #closing = new Interrupt();
  readonly #servers = new Set<BrokeredServer>();
  readonly #channels = new Set<RpcChannel>();
  readonly #onSession = new Set<(outbox: ConnInfoOutbox) => void>();
  #outbox: ConnInfoOutbox | undefined;
  #lastId = 0;

  /** Makes a broker that no stream is attached to yet. */
  constructor(config: BrokerConfig) {
    this.#config = config;
  }

  nextId(): number {
    // Zero is what a message without an id would hold.
    this.#lastId = this.#lastId % 0xffff_ffff + 1;
    return this.#lastId;
  }

  async serve(id: number, ...plugins: readonly Plugin[]): Promise<BrokeredServer> {
    const { drainTimeoutMs, meeting } = this.#config;
    const outbox = await this.#session();
    const server = await createServer(this.#config);
    // Last: from here on there is something to close.
    const entry = await meeting.prepare(id);
    let closing: Promise<void> | undefined;
    const close = () => {
      this.#servers.delete(served);
      return closing ??= server.stop(drainTimeoutMs).then(() => entry.close());
    };
    const served = { id, close, [Symbol.asyncDispose]: close };
    this.#servers.add(served);
    try {
      const context: ServerContext = {
        signal: server.signal,
        broker: this,
        register: async (service, handlers) => server.register(await service.load(), handlers),
      };
      for (const plugin of plugins) await registerOn(context, `id ${id}`, plugin);
      await entry.open(outbox, (connection) => server.serve(connection));
    } catch (error) {
      await close();
      throw error;
    }
    return served;
  }

  async dial<T>(
    id: number,
    service: Service<T>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<BrokeredClient<T>> {
    const { meeting } = this.#config;
    const peer = await meeting.find(id, () => this.#session(), signal);
    const channel = await openChannel({
      ...this.#config,
      peer,
      gone: this.#config.gone ?? new Promise(() => {}),
    });
    const leave = () => channel.close(signal?.reason);
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave, { once: true });
    const close = () => {
      this.#channels.delete(channel);
      channel.close(new BrokerError("closed", `The connection to id ${id} was closed`));
      return Promise.resolve();
    };
    this.#channels.add(channel);
    try {
      await this.#closing.guard(channel.connect(meeting.connectTimeoutMs));
      const client = await makeClient(service, channel);
      return Object.assign(client, { [Symbol.asyncDispose]: close });
    } catch (error) {
      await close();
      throw signal?.aborted ? signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  /** The host's side of the stream; resolves when it has ended. Never rejects. */
  async connect(client: ClientOf<BrokerStream>, signal: AbortSignal): Promise<void> {
    const outbox = this.#attach();
    try {
      for await (const info of client.startStream(outbox, { signal })) {
        this.#config.meeting.receive(info, outbox);
      }
    } catch (error) {
      this.#config.logger.debug("the broker's stream has ended", { error });
    } finally {
      outbox.end();
      // A host's plugin has one life: there will be no other stream.
      this.#config.meeting.close(brokerClosed());
    }
  }

  /** The plugin's side of the stream. Each host that opens one takes the place of the one before. */
  readonly handlers = {
    startStream: (
      requests: AsyncIterable<ConnInfo>,
      { signal }: ServerCall,
    ): AsyncIterable<ConnInfo> => {
      const outbox = this.#attach();
      const end = () => outbox.end();
      signal.addEventListener("abort", end, { once: true });
      const read = async () => {
        for await (const info of requests) this.#config.meeting.receive(info, outbox);
      };
      // It ends with the stream, however that ends.
      read().catch(() => {}).finally(end);
      return outbox;
    },
  };

  /**
   * Ends everything served and dialled. May be called twice.
   *
   * @param reason The cause of the failure of calls under way.
   */
  async close(reason: Error = brokerClosed()): Promise<void> {
    const closed = brokerClosed();
    this.#closing.fire(closed);
    this.#config.meeting.close(closed);
    this.#outbox?.end();
    for (const channel of this.#channels) channel.close(reason);
    this.#channels.clear();
    await Promise.all([...this.#servers].map((server) => server.close()));
  }

  #attach(): ConnInfoOutbox {
    this.#outbox?.end();
    this.#outbox = new Outbox();
    for (const resolve of this.#onSession) resolve(this.#outbox);
    this.#onSession.clear();
    return this.#outbox;
  }

  /** The stream to announce on; waits for the host to open it. */
  async #session(): Promise<ConnInfoOutbox> {
    if (this.#closing.fired) throw brokerClosed();
    if (this.#outbox !== undefined && !this.#outbox.isEnded) return this.#outbox;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const opened = new Promise<ConnInfoOutbox>((resolve, reject) => {
      this.#onSession.add(resolve);
      timer = setTimeout(() => {
        this.#onSession.delete(resolve);
        reject(brokerClosed());
      }, BROKER_TIMEOUT_MS);
    });
    return await this.#closing.guard(opened).finally(() => clearTimeout(timer));
  }
}
