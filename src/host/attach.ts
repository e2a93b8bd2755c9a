/** Attaching to a plugin that another host started, or that was served in test mode. */
import { ConnectError, ReattachError, UnsupportedProtocolError } from "../errors.ts";
import type { Interrupt } from "../rpc/interrupt.ts";
import type { PluginSet } from "../rpc/plugin_set.ts";
import { requireMtlsSupport } from "../runtime/mtls_support.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { waitAtMost } from "../runtime/wait.ts";
import { formatAddress } from "../wire/address.ts";
import { acceptVersion } from "../wire/negotiation.ts";
import type { ReattachSource, ResolvedConfig } from "./config.ts";
import { connectPlugin, type RunningPlugin } from "./connection.ts";
import { findProcess } from "./foreign_process.ts";
import { PluginProcess } from "./process.ts";
import type { AttachedRunner } from "./runner.ts";
import { tlsForReattach } from "./trust.ts";

/**
 * Attaches to a plugin. There is no handshake: what the configuration says, is
 * taken to be so. On failure the plugin is left as it was.
 *
 * @throws {ReattachError} If it does not run or is not reached.
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
): Promise<RunningPlugin> {
  const { address, protocol, protocolVersion, test: isForeign } = reattach;
  if (protocol !== "grpc") throw new UnsupportedProtocolError(protocol, "");
  const plugins = pluginsOf(config, protocolVersion);
  if (config.autoMtls) requireMtlsSupport(runtime);
  const tls = tlsForReattach(config, reattach.tls);
  const runner = await cancel.guard(find(runtime, config, reattach));
  const process = new PluginProcess(runner, config.logger);
  const parts = { runtime, config, runner, process, address, tls, socketDirectory: undefined };
  try {
    const connection = await connectPlugin(parts, cancel);
    return {
      process,
      address,
      protocolVersion,
      plugins,
      tls,
      isForeign,
      ...connection,
      cleanUp: () => Promise.resolve(),
    };
  } catch (error) {
    process.detach();
    if (!(error instanceof ConnectError)) throw error;
    throw new ReattachError(`nobody answers at ${formatAddress(address)}: ${error.message}`, {
      cause: error,
    });
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
): Promise<AttachedRunner> {
  const { attach, pid } = reattach;
  if (attach === undefined) {
    if (pid !== 0) return findProcess(runtime, reattach);
    throw new TypeError("ClientConfig.reattach: pid or attach is needed to find the plugin");
  }
  const runner = await waitAtMost(Promise.resolve(attach()), startTimeoutMs);
  if (runner === undefined) throw new ReattachError(`no answer in ${startTimeoutMs} ms`);
  return runner;
}
