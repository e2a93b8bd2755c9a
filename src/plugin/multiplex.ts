/** The one connection of a host that multiplexes. */
import type { Duplex } from "node:stream";
import type { Logger } from "../logging/logger.ts";
import { Knocks } from "../mux/knocks.ts";
import { YamuxSession } from "../mux/session.ts";
import { KnockedMeeting } from "../rpc/knocked_meeting.ts";
import { brokerClosed, type Meeting } from "../rpc/meeting.ts";
import { OpenStreams } from "../rpc/open_streams.ts";
import type { Listener } from "../transport/listen.ts";
import type { ShutdownRequest } from "./shutdown.ts";

/**
 * Takes a host's one connection, and ends the plugin with it: nobody could
 * connect any more. Who else connects is turned away.
 *
 * Source: go-plugin `internal/grpcmux/grpc_server_muxer.go`.
 */
export class MultiplexedHost {
  /** How the broker meets the host. */
  readonly meeting: Meeting;
  readonly #shutdown: ShutdownRequest;
  readonly #streams = new OpenStreams();
  #session: YamuxSession | undefined;
  #knocks: Knocks | undefined;

  /** Waits for nobody yet. */
  constructor(logger: Logger, shutdown: ShutdownRequest) {
    this.#shutdown = shutdown;
    this.meeting = new KnockedMeeting(logger, () => {
      if (this.#knocks === undefined) throw brokerClosed();
      return this.#knocks;
    });
  }

  /** Serves the first connection: each stream that nobody knocked for is one for the plugin itself. */
  accept(listener: Listener, serve: (connection: Duplex) => void): void {
    listener.accept((connection) => {
      if (this.#session !== undefined) return connection.destroy();
      this.#session = new YamuxSession(connection, { role: "server" });
      const onUnannounced = (stream: Duplex) => {
        this.#streams.add(stream);
        serve(stream);
      };
      this.#knocks = new Knocks(this.#session, { onUnannounced });
      this.#session.closed.then((reason) => this.#shutdown.make(reason.message));
    });
  }

  /** Ends the connection, behind the last bytes of a server that has stopped. May be called twice. */
  async close(): Promise<void> {
    await this.#streams.close();
    await this.#session?.close();
  }
}
