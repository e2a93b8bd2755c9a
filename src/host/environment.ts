/** The environment of a plugin, and the directory for its sockets. */
import { ListenError } from "../errors.ts";
import { findGroup } from "../runtime/group.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { fitsSocketPath } from "../transport/socket_path.ts";
import type { Identity } from "../wire/certificate.ts";
import { ENV, formatEnvironment } from "../wire/environment.ts";
import type { ResolvedConfig } from "./config.ts";
import { cleanPath } from "./path.ts";

/** The variables a plugin is started with, and those it must not inherit. */
export interface ChildEnvironment {
  /** Variables to set. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables of go-plugin that came from a host of our own. */
  readonly withoutEnv: readonly string[];
}

/**
 * Makes a plugin's environment: the user's variables, then go-plugin's. What
 * this process inherited of go-plugin's, being a plugin itself, is kept from
 * it: a Go host that lets `PLUGIN_CLIENT_CERT` through crashes on the answer.
 *
 * Source: go-plugin `client.go`, `Client.Start`.
 */
export function childEnvironment(
  { platform }: Pick<Runtime, "platform">,
  config: ResolvedConfig,
  identity: Identity | undefined,
  socketDirectory: string | undefined,
): ChildEnvironment {
  const env = {
    ...config.env,
    ...formatEnvironment({
      handshake: config.handshake,
      ports: config.ports,
      versions: config.offer.keys(),
      multiplex: config.multiplex,
      clientCertificate: identity?.certificatePem,
      socketDirectory,
      // Windows has no groups of this kind, and plugins listen on TCP there.
      socketGroup: platform === "windows" ? undefined : config.unixSocket.group,
    }),
  };
  return { env, withoutEnv: Object.values(ENV).filter((name) => !(name in env)) };
}

/** As long as the names that go-plugin gives its sockets get. */
const LONGEST_NAME = "plugin4294967295";

/**
 * Makes a directory for the plugin's sockets that only this user can enter, so
 * that they are private whatever the plugin's umask is, and go when the plugin
 * goes, even if it crashes. Where none can be had, or the user chose one, the
 * plugin is left to its own.
 *
 * go-plugin's host does this only with a runner; its plugins always follow it.
 */
export async function makeSocketDirectory(
  runtime: Runtime,
  config: ResolvedConfig,
): Promise<string | undefined> {
  const { group, tempDir } = config.unixSocket;
  if (runtime.platform === "windows" || ENV.socketDirectory in config.env) return undefined;
  // The plugin may run in another directory than this process.
  const parent = tempDir === undefined ? findParent(runtime) : cleanPath(runtime, tempDir);
  if (parent === undefined) return undefined;
  try {
    if (!fitsSockets(runtime, parent)) throw new Error("its path is too long for a unix socket");
    const directory = await runtime.makePrivateDirectory(parent);
    if (group === undefined) return directory;
    try {
      await runtime.shareWithGroup(directory, await findGroup(runtime, group), 0o770);
    } catch (error) {
      await runtime.removeTree(directory);
      throw error;
    }
    return directory;
  } catch (cause) {
    // What was asked for must not quietly be something else.
    if (group !== undefined || tempDir !== undefined) {
      throw new ListenError(
        `Cannot make a directory for the plugin's sockets in ${parent}: ${
          (cause as Error).message
        }`,
        { cause },
      );
    }
    config.logger.debug("no directory for the plugin's sockets", { error: cause });
    return undefined;
  }
}

function findParent(runtime: Runtime): string | undefined {
  return runtime.temporaryDirectories().find((path) =>
    fitsSockets(runtime, path) && runtime.permits({ kind: "read", path }) &&
    runtime.permits({ kind: "write", path })
  );
}

/** Whether sockets can be bound in a directory made inside; the longest of its names is Deno's. */
function fitsSockets(runtime: Runtime, parent: string): boolean {
  return fitsSocketPath(`${parent}/goplugin-XXXXXXXXXXXXXXXX/${LONGEST_NAME}`, runtime.platform);
}
