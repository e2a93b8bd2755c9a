/** The life of a plugin, from the check of the cookie to the end of the last call. */
import { MagicCookieError } from "../errors.ts";
import { isPinned } from "../rpc/tls.ts";
import { createLogger } from "../runtime/standard_logger.ts";
import { loadRuntime, type Runtime } from "../runtime/runtime.ts";
import { warmUpTls } from "../runtime/tls_warmup.ts";
import {
  parseEnvironment,
  parsePortRange,
  type PluginEnvironment,
  pluginVariables,
} from "../wire/environment.ts";
import { formatHandshake } from "../wire/handshake.ts";
import { checkMagicCookie } from "../wire/magic_cookie.ts";
import { encodePem } from "../wire/pem.ts";
import type { ReattachConfig } from "../wire/reattach.ts";
import type { ServeConfig } from "./config.ts";
import { followHost } from "./follow_host.ts";
import { PluginLife, type ServedPlugin, type Surroundings } from "./life.ts";
import { hiddenFlag, requireServe } from "./permissions.ts";
import { ShutdownRequest } from "./shutdown.ts";

/**
 * Serves plugins to the host that started this process, until the host asks
 * for the end or SIGTERM comes. Resolves when the last call is over; what
 * stands behind it in the program still runs.
 *
 * Without the magic cookie it tells the person who ran the program so, and
 * ends the process with exit code 1. Nothing may be printed to stdout before:
 * the first line there is the handshake.
 *
 * Needs `--allow-net=127.0.0.1` for TCP, or `--allow-read` and `--allow-write`
 * for the directory of its socket besides `--allow-net`; and
 * `--allow-env=COOKIE,PLUGIN_*` for the cookie and the variables of go-plugin,
 * or `--allow-run=env` in its place. See docs/permissions.md.
 *
 * @throws {CertificateError} If the host's certificate cannot be trusted.
 * @throws {ListenError} If nothing can be bound.
 * @throws {PermissionError} If permissions are missing: found before anything
 * is bound, and never asked for.
 * @throws {ServiceError} If a plugin cannot be registered.
 *
 * Source: go-plugin `server.go`, `Serve`.
 */
export async function serve(config: ServeConfig): Promise<void> {
  const runtime = await loadRuntime();
  requireServe(runtime, config);
  const get = await runtime.readEnvironment(pluginVariables(config.handshake));
  const environment = parseEnvironment(config.handshake, get);
  if (config.test === undefined) requireCookie(config, environment, runtime);
  if ((environment.clientCertificate ?? config.tlsProvider) !== undefined) warmUpTls(runtime);
  const logger = config.logger ?? createLogger({ format: "json" });
  const hidden = config.test === undefined ? hiddenFlag(runtime, config.handshake) : undefined;
  if (hidden !== undefined) logger.warn(`the host's variables are hidden: add ${hidden}`);
  const shutdown = new ShutdownRequest();
  const undo: (() => void)[] = [];
  const around: Surroundings = {
    runtime,
    logger,
    environment,
    shutdown,
    ports: () => parsePortRange(get),
    capturesOutput: config.test === undefined || config.test.syncStdio === true,
    announce: async (plugin) => {
      const { test } = config;
      if (test !== undefined) {
        if (test.signal !== undefined) undo.push(shutdown.listenToSignal(test.signal));
        return test.onReattach?.(reattachConfigOf(plugin, runtime));
      }
      // Before the line: whoever reads it may send a signal at once.
      undo.push(shutdown.listenToSignals(runtime, logger));
      if (config.exitWithHost === true) undo.push(followHost(runtime, shutdown));
      await runtime.writeStdout(lineOf(plugin, environment) + "\n");
    },
  };
  try {
    await new PluginLife(config, around).run();
    // The host waits for the end of the process.
    if (config.test === undefined) runtime.endLightly();
  } catch (error) {
    logger.error("plugin init error", { error });
    throw error;
  } finally {
    undo.forEach((stop) => stop());
  }
}

function lineOf({ version, address, tls }: ServedPlugin, host: PluginEnvironment): string {
  return formatHandshake({
    protocolVersion: version,
    address,
    certificate: tls !== undefined && isPinned(tls) ? tls.identity.certificate : undefined,
    // Hosts that do not ask may take a seventh field for a part of the sixth.
    multiplex: host.knowsMultiplexing ? host.wantsMultiplexing : undefined,
  });
}

function reattachConfigOf(
  { version, address, tls }: ServedPlugin,
  runtime: Runtime,
): ReattachConfig {
  return {
    protocol: "grpc",
    protocolVersion: version,
    address,
    pid: runtime.pid,
    test: true,
    ...(tls !== undefined && isPinned(tls) && {
      tls: { peerCertificate: encodePem("CERTIFICATE", tls.identity.certificate) },
    }),
  };
}

function requireCookie(
  { handshake }: ServeConfig,
  { magicCookie }: PluginEnvironment,
  runtime: Runtime,
): void {
  try {
    checkMagicCookie(handshake, magicCookie);
  } catch (error) {
    if (!(error instanceof MagicCookieError)) throw error;
    const hidden = hiddenFlag(runtime, handshake);
    const because = hidden && `--ignore-env hides the host's variables: add ${hidden}\n`;
    runtime.writeStderr(`${error.message}\n${because ?? ""}`);
    runtime.exit(1);
  }
}
