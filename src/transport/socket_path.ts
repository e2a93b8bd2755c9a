/** Paths of unix sockets: private to the user, and short enough for the system. */
import { ListenError, PermissionError } from "../errors.ts";
import { missingFlags } from "../runtime/permissions.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { unixNeeds } from "./permissions.ts";

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
 * @throws {PermissionError} If there is a place that only permissions are in
 * the way of.
 * @throws {ListenError} If there is none; the message says why for each
 * directory tried.
 */
export async function chooseSocketPath(
  runtime: Runtime,
  directory: string | undefined,
): Promise<SocketPath> {
  const name = `plugin${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const obstacles: string[] = [];
  let withheld: readonly string[] = [];
  for (const parent of directory === undefined ? runtime.temporaryDirectories() : [directory]) {
    // The private directory's name is not known yet; Deno's has 16 digits, Node's has six.
    const place = directory ?? `${parent}/goplugin-XXXXXXXXXXXXXXXX`;
    const obstacle = findObstacle(`${place}/${name}`, runtime);
    const flags = obstacle === undefined ? missingFlags(runtime, unixNeeds(parent)) : [];
    if (obstacle !== undefined) obstacles.push(obstacle);
    else if (flags.length > 0) withheld = withheld.length > 0 ? withheld : flags;
    else if (directory !== undefined) return { path: `${directory}/${name}` };
    else {
      try {
        const own = await runtime.makePrivateDirectory(parent);
        return { path: `${own}/${name}`, directory: own };
      } catch (error) {
        obstacles.push((error as Error).message);
      }
    }
  }
  if (withheld.length > 0) throw new PermissionError(FAILURE, withheld);
  throw new ListenError(`${FAILURE}: ${obstacles.join("; ") || "no temporary directory"}`);
}

const FAILURE = "Cannot listen on a unix socket";

/** Why no socket can be bound to the path, in words. */
function findObstacle(path: string, runtime: Runtime): string | undefined {
  if (!fitsSocketPath(path, runtime.platform)) {
    return `the path ${path} is longer than ${maxSocketPathBytes(runtime.platform)} bytes`;
  }
  if (/[|\r\n]/.test(path)) {
    return `the path ${JSON.stringify(path)} cannot stand in a handshake`;
  }
  return undefined;
}
