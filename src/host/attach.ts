/** Attaching to a plugin that another host started, or that was served in test mode. */
import { ConnectError, ReattachError, UnsupportedProtocolError } from "../errors.ts";
import type { Interrupt } from "../rpc/interrupt.ts";
import type { PluginSet } from "../rpc/plugin_set.ts";
import { isPrivateDirectory, type Runtime } from "../runtime/runtime.ts";
import { waitAtMost } from "../runtime/wait.ts";
import { type Address, formatAddress } from "../wire/address.ts";
import { acceptVersion } from "../wire/negotiation.ts";
import type { ReattachSource, ResolvedConfig } from "./config.ts";
import { connectPlugin, type RunningPlugin } from "./connection.ts";
import { findProcess } from "./foreign_process.ts";
import { requireAttach } from "./permissions.ts";
import { PluginProcess } from "./process.ts";
import type { AttachedRunner } from "./runner.ts";
import { checkOwnSide, tlsForReattach } from "./trust.ts";

/**
 * Attaches to a plugin. There is no handshake: what the configuration says, is
 * taken to be so. On failure the plugin is left as it was.
 *
 * @param onAttached Told how to end the plugin at once, unless it is somebody else's.
 * @throws {ReattachError} If it does not run or is not reached.
 * @throws {PermissionError} If permissions are missing to find and to reach it.
 * @throws {UnsupportedProtocolError} If it does not speak gRPC.
 * @throws {VersionMismatchError} If its version is not among the host's.
 * @throws {CertificateError} If AutoMTLS is on and its certificates are not known.
 *
 * Source: go-plugin `client.go`, `Client.reattach`.
 */
export async function attachPlugin(
  runtime: Runtime,
  config: ResolvedConfig,
  reattach: ReattachSource["reattach"],
  cancel: Interrupt,
  onAttached: (endNow: () => void) => void,
): Promise<RunningPlugin> {
  const { address, protocol, protocolVersion, test: isForeign } = reattach;
  if (protocol !== "grpc") throw new UnsupportedProtocolError(protocol, "");
  const plugins = pluginsOf(config, protocolVersion);
  requireAttach(runtime, reattach);
  await checkOwnSide(config, runtime);
  const tls = await tlsForReattach(config, reattach.tls);
  const runner = await find(runtime, config, reattach, cancel);
  const process = new PluginProcess(runner, config.logger);
  const parts = { runtime, config, runner, process, address, tls, socketDirectory: undefined };
  try {
    const connection = await connectPlugin(parts, cancel);
    // What is somebody else's is not to end with this program.
    if (!isForeign) onAttached(() => void runner.kill("SIGKILL"));
    return {
      process,
      address,
      protocolVersion,
      plugins,
      tls,
      isForeign,
      ...connection,
      cleanUp: () => {
        if (process.exit !== undefined && !isForeign) sweep(runtime, address);
        return Promise.resolve();
      },
    };
  } catch (error) {
    process.detach();
    if (!(error instanceof ConnectError)) throw error;
    throw new ReattachError(`nobody answers at ${formatAddress(address)}: ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * Removes what the host that started the plugin would remove if it still ran:
 * the directory that it made for the socket, if it is of this module's kind.
 */
function sweep(runtime: Runtime, address: Address): void {
  if (address.network !== "unix") return;
  const directory = address.path.slice(0, address.path.lastIndexOf("/"));
  if (!isPrivateDirectory(directory)) return;
  try {
    runtime.removeSync(address.path);
    runtime.removeSync(directory);
  } catch {
    // Something else is in it, or it may not be removed: it is not this host's.
  }
}

/** go-plugin looks only at `plugins` here; a version that is stated is heeded as well. */
function pluginsOf({ offer, handshake }: ResolvedConfig, version: number): PluginSet {
  if (version !== 0) return acceptVersion(version, offer);
  const [only] = offer.size === 1 ? offer.values() : [];
  return offer.get(handshake.protocolVersion ?? 0) ?? only ?? acceptVersion(version, offer);
}

async function find(
  runtime: Runtime,
  { startTimeoutMs }: ResolvedConfig,
  reattach: ReattachSource["reattach"],
  cancel: Interrupt,
): Promise<AttachedRunner> {
  const { attach, pid } = reattach;
  if (attach === undefined && pid === 0) {
    throw new TypeError("ClientConfig.reattach: pid or attach is needed to find the plugin");
  }
  const finding = (async () => await (attach?.() ?? findProcess(runtime, reattach)))();
  try {
    const runner = await cancel.guard(waitAtMost(finding, startTimeoutMs));
    if (runner !== undefined) return runner;
    throw new ReattachError(`no answer in ${startTimeoutMs} ms`);
  } catch (error) {
    // What is found when nobody waits for it any more is let go of.
    finding.then((runner) => runner.detach?.()).catch(() => {});
    throw error;
  }
}
