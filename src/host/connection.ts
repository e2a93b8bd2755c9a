/** The connection to a plugin that listens: its channel, and the broker beside it. */
import { ConnectError } from "../errors.ts";
import { type AddressTranslation, AnnouncedMeeting } from "../rpc/announced_meeting.ts";
import { GrpcBroker } from "../rpc/broker.ts";
import { openChannel, type RpcChannel } from "../rpc/channel.ts";
import type { Interrupt } from "../rpc/interrupt.ts";
import type { Meeting } from "../rpc/meeting.ts";
import type { Peer } from "../rpc/peer.ts";
import type { PluginSet } from "../rpc/plugin_set.ts";
import type { ConnectionTls } from "../rpc/tls.ts";
import { describePeer } from "../rpc/tls_probe.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { requireDial } from "../transport/permissions.ts";
import { type Address, formatAddress } from "../wire/address.ts";
import type { ResolvedConfig } from "./config.ts";
import { FOR_HOST } from "./permissions.ts";
import type { PluginProcess } from "./process.ts";
import type { AttachedRunner } from "./runner.ts";
import { translateAddress } from "./start_runner.ts";

/** A plugin that runs, and the connection to it. */
export interface RunningPlugin {
  /** Its process. */
  readonly process: PluginProcess;
  /** Where it listens, as seen from here. */
  readonly address: Address;
  /** The version of the application's protocol; 0 if it is not known. */
  readonly protocolVersion: number;
  /** The plugins it serves in that version. */
  readonly plugins: PluginSet;
  /** What both sides show and trust; in clear without it. */
  readonly tls: ConnectionTls | undefined;
  /** Whether it belongs to somebody else, who will end it. */
  readonly isForeign: boolean;
  /** The connection to it. */
  readonly channel: RpcChannel;
  /** Further connections with it. */
  readonly broker: GrpcBroker;
  /** Ends what is below the channel. May be called twice. */
  readonly hangUp: () => Promise<void>;
  /** Removes what was made for it outside its process. */
  readonly cleanUp: () => Promise<void>;
}

/** What is known of a plugin before there is a connection. */
export interface ConnectionParts extends Pick<RunningPlugin, "process" | "address" | "tls"> {
  /** The system. */
  readonly runtime: Runtime;
  /** What the host was told. */
  readonly config: ResolvedConfig;
  /** Knows what addresses are called on the other side. */
  readonly runner: AttachedRunner;
  /** Where the host's own sockets go. */
  readonly socketDirectory: string | undefined;
}

/**
 * Connects to a plugin. On failure nothing is left of the connection.
 *
 * @param cancel Ends the wait.
 * @throws {ConnectError} If that fails within the limit of a start.
 * @throws {PermissionError} If the plugin listens where this host may not go.
 */
export async function connectPlugin(
  parts: ConnectionParts,
  cancel: Interrupt,
): Promise<Pick<RunningPlugin, "channel" | "broker" | "hangUp">> {
  const { runtime, config, process, address, tls } = parts;
  const { engine, logger, startTimeoutMs } = config;
  requireDial(runtime, "Cannot connect to plugin", address, FOR_HOST);
  const gone = process.ended.then((exit) => process.exitError(exit));
  const way = await openWay(parts, cancel);
  try {
    const { peer, meeting, hangUp } = way;
    const channel = await openChannel({ runtime, gone, peer, tls, engine });
    try {
      await cancel.guard(channel.connect(startTimeoutMs));
    } catch (error) {
      channel.close(error instanceof Error ? error : new Error(String(error)));
      throw await explain(error, peer, tls);
    }
    logger.debug("plugin address", { network: address.network, address: formatAddress(address) });
    const broker = new GrpcBroker({
      runtime,
      logger,
      tls,
      engine,
      gone,
      meeting,
      drainTimeoutMs: 1_000,
    });
    return { channel, broker, hangUp };
  } catch (error) {
    await way.hangUp();
    throw error;
  }
}

/** How the channel reaches the plugin, and the broker its own connections. */
interface WayToPlugin extends Pick<RunningPlugin, "hangUp"> {
  readonly peer: Peer;
  readonly meeting: Meeting;
}

async function openWay(parts: ConnectionParts, cancel: Interrupt): Promise<WayToPlugin> {
  const { runtime, config, address, runner, socketDirectory } = parts;
  const { logger, startTimeoutMs } = config;
  if (config.multiplex) {
    const [{ openTrunk }, { KnockedMeeting }] = await Promise.all([
      import("./multiplex.ts"),
      import("../rpc/knocked_meeting.ts"),
    ]);
    const { knocks, close } = await openTrunk(address, startTimeoutMs, cancel, logger);
    return {
      // In turn with those that knock, or its stream would be taken for one of theirs.
      peer: (signal) => knocks.dial(() => knocks.open(), signal),
      meeting: new KnockedMeeting(logger, () => knocks),
      hangUp: close,
    };
  }
  const meeting = new AnnouncedMeeting({
    runtime,
    logger,
    translation: translationOf(runner),
    // A plugin on TCP may lack the rights for unix sockets.
    network: address.network === "tcp" ? "tcp" : "auto",
    socketDirectory,
    socketGroup: config.unixSocket.group,
    ports: () => ({ min: 0, max: 0 }),
  });
  return { peer: address, meeting, hangUp: () => Promise.resolve() };
}

/** How long a runner may take to say what an address is called, in milliseconds. */
const TRANSLATION_MS = 5_000;

function translationOf(runner: AttachedRunner): AddressTranslation {
  return {
    pluginToHost: (address) =>
      translateAddress((one) => runner.pluginToHost?.(one), address, TRANSLATION_MS),
    hostToPlugin: (address) =>
      translateAddress((one) => runner.hostToPlugin?.(one), address, TRANSLATION_MS),
  };
}

/** Adds to a failure what TLS has to do with it. */
async function explain(
  error: unknown,
  peer: Peer,
  tls: ConnectionTls | undefined,
): Promise<unknown> {
  if (!(error instanceof ConnectError)) return error;
  const description = await describePeer(peer, tls);
  if (description === undefined) return error;
  return new ConnectError(`${error.message}\n${description}`, {
    cause: error,
    ...(tls === undefined && {
      hint: "The plugin brings TLS of its own, or wants AutoMTLS: set tls, or leave autoMtls on",
    }),
  });
}
