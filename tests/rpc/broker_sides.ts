/** The two sides of a broker in this process: a plugin's server, and hosts that connect to it. */
import type { Duplex } from "node:stream";
import { createLogger, type Logger } from "@x/goplugin";
import { Knocks } from "../../src/mux/knocks.ts";
import type { YamuxOptions } from "../../src/mux/options.ts";
import { YamuxSession } from "../../src/mux/session.ts";
import { AnnouncedMeeting } from "../../src/rpc/announced_meeting.ts";
import { BrokerService, GrpcBroker } from "../../src/rpc/broker.ts";
import { openChannel } from "../../src/rpc/channel.ts";
import { makeClient } from "../../src/rpc/client.ts";
import { KnockedMeeting } from "../../src/rpc/knocked_meeting.ts";
import type { Meeting } from "../../src/rpc/meeting.ts";
import type { Peer } from "../../src/rpc/peer.ts";
import { createServer } from "../../src/rpc/server.ts";
import { loadRuntime, type Runtime } from "../../src/runtime/runtime.ts";
import { dial } from "../../src/transport/dial.ts";
import { listen, type Listener } from "../../src/transport/listen.ts";
import type { Address } from "../../src/wire/address.ts";
import { within } from "../helpers/wait.ts";

/** Both ways to meet. */
export const MULTIPLEX: readonly boolean[] = [false, true];

export const quiet: Logger = createLogger({ level: "off" });
export const anyPort = () => ({ min: 0, max: 0 });

/** Makes a broker that meets its peer in the way given. */
export function makeBroker(runtime: Runtime, meeting: Meeting): GrpcBroker {
  return new GrpcBroker({ runtime, logger: quiet, tls: undefined, meeting, drainTimeoutMs: 0 });
}

/** A meeting that announces addresses. */
export function announcing(runtime: Runtime, logger: Logger = quiet): AnnouncedMeeting {
  return new AnnouncedMeeting({ runtime, logger, network: "tcp", ports: anyPort });
}

/** How the plugin takes connections, and what its broker does with them. */
function pluginWay(runtime: Runtime, multiplex: boolean, options: Partial<YamuxOptions>) {
  let knocks: Knocks | undefined;
  const sessions: YamuxSession[] = [];
  return {
    sessions,
    meeting: multiplex ? new KnockedMeeting(quiet, () => knocks as Knocks) : announcing(runtime),
    accept(listener: Listener, serve: (connection: Duplex) => void) {
      listener.accept((connection) => {
        if (!multiplex) return serve(connection);
        const session = new YamuxSession(connection, { role: "server", ...options });
        sessions.push(session);
        knocks = new Knocks(session, { onUnannounced: serve });
      });
    },
  };
}

/** How a host reaches the plugin, and what its broker does with it. */
function hostWay(
  runtime: Runtime,
  address: Address,
  multiplex: boolean,
  options: Partial<YamuxOptions>,
) {
  if (!multiplex) {
    const meeting = announcing(runtime);
    return { peer: address as Peer, meeting, session: undefined, bytesRead: () => 0 };
  }
  const socket = dial(address);
  const session = new YamuxSession(socket, { role: "client", ...options });
  const knocks = new Knocks(session);
  const peer: Peer = (signal) => knocks.dial(() => knocks.open(), signal);
  const meeting = new KnockedMeeting(quiet, () => knocks);
  return { peer, meeting, session, bytesRead: () => socket.bytesRead };
}

/** A plugin's server with its broker, and hosts that connect to it one after the other. */
export async function pluginSide(multiplex: boolean, options: Partial<YamuxOptions> = {}) {
  const runtime = await loadRuntime();
  const way = pluginWay(runtime, multiplex, options);
  const broker = makeBroker(runtime, way.meeting);
  const server = await createServer({ runtime, logger: quiet });
  server.register(await BrokerService.load(), broker.handlers);
  const listener = await listen({ runtime, logger: quiet, network: "tcp", ports: anyPort });
  way.accept(listener, (connection) => server.serve(connection));
  const connectHost = async () => {
    const gone = new Promise<Error>(() => {});
    const way = hostWay(runtime, listener.address, multiplex, options);
    const { peer, meeting, session, bytesRead } = way;
    const channel = await openChannel({ runtime, peer, gone });
    const host = makeBroker(runtime, meeting);
    const leaving = new AbortController();
    const stream = host.connect(await makeClient(BrokerService, channel), leaving.signal);
    return {
      broker: host,
      session,
      /** How much the host has received, if it multiplexes. */
      bytesRead,
      async leave() {
        leaving.abort();
        await within(stream, "the end of the stream");
        await host.close();
        channel.close(new Error("left"));
        await session?.close();
      },
    };
  };
  return {
    broker,
    connectHost,
    /** The connections of hosts that multiplex. */
    sessions: way.sessions as readonly YamuxSession[],
    async [Symbol.asyncDispose]() {
      await Promise.all([broker.close(), server.stop(0)]);
      await Promise.all(way.sessions.map((session) => session.close()));
      await listener.close();
    },
  };
}
