/** Paths of unix sockets: private to the user, and short enough for the system. */
import { ListenError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** A path for a unix socket, and what to remove with it. */
export interface SocketPath {
  /** Where to bind. */
  readonly path: string;
  /** The directory made for it, if one was. */
  readonly directory?: string;
}

/**
 * The longest path, in bytes, that a unix socket may have: `sun_path` less the
 * zero byte at its end.
 */
export function maxSocketPathBytes(platform: string): number {
  return platform === "linux" || platform === "android" ? 107 : 103;
}

/** Whether a unix socket can be bound to the path. */
export function fitsSocketPath(path: string, platform: string): boolean {
  return new TextEncoder().encode(path).length <= maxSocketPathBytes(platform);
}

/**
 * Chooses a path for a unix socket: in `directory` if the host named one, else
 * in a new directory that only this user can enter, where the mode of the
 * socket itself, which follows the umask, no longer matters.
 *
 * @throws {ListenError} If no path can be had; the message says why for each
 * directory tried.
 */
export async function chooseSocketPath(
  runtime: Runtime,
  directory: string | undefined,
): Promise<SocketPath> {
  const name = `plugin${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  if (directory !== undefined) {
    const path = `${directory}/${name}`;
    const obstacle = findObstacle(path, runtime, directory);
    if (obstacle === undefined) return { path };
    throw new ListenError(`Cannot listen on a unix socket: ${obstacle}`);
  }
  const obstacles: string[] = [];
  for (const parent of runtime.temporaryDirectories()) {
    // The private directory's name is not known yet; Deno's has 16 digits, Node's has six.
    const obstacle = findObstacle(
      `${parent}/goplugin-XXXXXXXXXXXXXXXX/${name}`,
      runtime,
      parent,
    );
    if (obstacle === undefined) {
      try {
        const own = await runtime.makePrivateDirectory(parent);
        return { path: `${own}/${name}`, directory: own };
      } catch (error) {
        obstacles.push((error as Error).message);
      }
    } else obstacles.push(obstacle);
  }
  throw new ListenError(
    `Cannot listen on a unix socket: ${obstacles.join("; ") || "no temporary directory"}`,
  );
}

/** Why no socket can be bound to the path, in words. */
function findObstacle(
  path: string,
  runtime: Runtime,
  scope: string,
): string | undefined {
  if (!fitsSocketPath(path, runtime.platform)) {
    return `the path ${path} is longer than ${maxSocketPathBytes(runtime.platform)} bytes`;
  }
  if (/[|\r\n]/.test(path)) {
    return `the path ${JSON.stringify(path)} cannot stand in a handshake`;
  }
  const missing = [
    ...(runtime.permits({ kind: "read", path: scope }) ? [] : [`--allow-read=${scope}`]),
    ...(runtime.permits({ kind: "write", path: scope }) ? [] : [`--allow-write=${scope}`]),
  ];
  return missing.length === 0 ? undefined : `${scope} needs ${missing.join(" ")}`;
}
