/** A plugin and its host in one process, over a real connection. */
import { Client } from "../host/client.ts";
import type { ClientOptions } from "../host/config.ts";
import type { AttachedRunner } from "../host/runner.ts";
import { makeLogger } from "../logging/logger.ts";
import { PluginLife, type ServedPlugin } from "../plugin/life.ts";
import type { ServeConfig } from "../plugin/config.ts";
import { ShutdownRequest } from "../plugin/shutdown.ts";
import type { PluginSet } from "../rpc/plugin_set.ts";
import { isPinned } from "../rpc/tls.ts";
import { loadRuntime } from "../runtime/runtime.ts";
import { generateIdentity, type Identity } from "../wire/certificate.ts";
import { encodePem } from "../wire/pem.ts";
import type { ReattachConfig } from "../wire/reattach.ts";

/** What may be set for a test. */
export interface TestClientOptions {
  /** Whether the connection is under AutoMTLS, with a certificate made for it. @default {true} */
  readonly autoMtls?: boolean;
  /** Takes what both sides log. @default dropped */
  readonly logger?: ServeConfig["logger"];
  /** Further options of the plugin's side. */
  readonly serve?: Omit<ServeConfig, "handshake" | "plugins" | "versionedPlugins" | "test">;
  /** Further options of the host's side. */
  readonly client?: Omit<
    ClientOptions,
    "handshake" | "plugins" | "versionedPlugins" | "autoMtls" | "secure"
  >;
}

/** Nobody checks it here: there is no process to start by mistake. */
const HANDSHAKE = { protocolVersion: 1, magicCookieKey: "TEST", magicCookieValue: "test" };

/**
 * Serves a plugin set and connects a host to it, in this process, for unit
 * tests of plugins: a real socket, the real calls, broker and shutdown, and no
 * program to start. It ends when the client is killed or disposed of.
 *
 * Needs `--allow-net=127.0.0.1`; or, for a unix socket, `--allow-net`, and
 * `--allow-read` and `--allow-write` for the system's temporary directory.
 *
 * @example
 * ```ts ignore
 * import { implement } from "@x/goplugin";
 * import { testClient } from "@x/goplugin/testing";
 * import { strictEqual } from "node:assert/strict";
 * import { test } from "node:test";
 * import { GreeterService } from "./greeter.ts";
 *
 * const greeter = implement(GreeterService, { greet: ({ name }) => ({ text: `Hello, ${name}` }) });
 *
 * test("the greeter greets by name", async () => {
 *   await using client = await testClient({ greeter });
 *   const { text } = await (await client.dispense("greeter")).greet({ name: "Ada" });
 *   strictEqual(text, "Hello, Ada");
 * });
 * ```
 *
 * Source: go-plugin `testing.go`, `TestPluginGRPCConn`.
 */
export async function testClient<const P extends PluginSet>(
  plugins: P,
  options: TestClientOptions = {},
): Promise<Client<P>> {
  const logger = options.logger ?? makeLogger({ level: "off", write: () => {} });
  const identity = options.autoMtls === false ? undefined : await generateIdentity();
  const { plugin, runner } = await serveHere({ logger, ...options.serve, plugins }, identity);
  try {
    const client = new Client<P>({
      logger,
      ...options.client,
      handshake: HANDSHAKE,
      plugins,
      autoMtls: identity !== undefined,
      reattach: { ...reattachConfig(plugin, identity), attach: () => runner },
    });
    await client.start();
    return client;
  } catch (error) {
    await runner.kill("SIGKILL");
    await runner.exited;
    throw error;
  }
}

/** Serves in this process; the plugin looks to the client like one that somebody started. */
async function serveHere(
  config: Omit<ServeConfig, "handshake"> & Required<Pick<ServeConfig, "logger">>,
  identity: Identity | undefined,
): Promise<{ plugin: ServedPlugin; runner: AttachedRunner }> {
  const shutdown = new ShutdownRequest();
  const environment = {
    magicCookie: undefined,
    versions: [],
    invalidVersions: [],
    clientCertificate: identity?.certificatePem,
    socketDirectory: undefined,
    socketGroup: undefined,
    knowsMultiplexing: false,
    wantsMultiplexing: false,
  };
  const runtime = await loadRuntime();
  return await new Promise((resolve, reject) => {
    const life = new PluginLife({ ...config, handshake: HANDSHAKE }, {
      runtime,
      logger: config.logger,
      environment,
      shutdown,
      ports: () => ({ min: 0, max: 0 }),
      capturesOutput: false,
      announce: (plugin) => {
        resolve({
          plugin,
          runner: {
            id: "test",
            exited: ended.then(
              () => ({ code: 0, signal: null }),
              () => ({ code: 1, signal: null }),
            ),
            kill: (signal) => shutdown.make(signal),
          },
        });
      },
    });
    const ended = life.run();
    ended.catch(reject);
  });
}

function reattachConfig(plugin: ServedPlugin, identity: Identity | undefined): ReattachConfig {
  const { address, version: protocolVersion, tls } = plugin;
  return {
    protocol: "grpc",
    protocolVersion,
    address,
    pid: 0,
    test: false,
    ...(identity !== undefined && tls !== undefined && isPinned(tls) && {
      tls: {
        peerCertificate: encodePem("CERTIFICATE", tls.identity.certificate),
        certificate: identity.certificatePem,
        privateKey: identity.privateKeyPem,
      },
    }),
  };
}
