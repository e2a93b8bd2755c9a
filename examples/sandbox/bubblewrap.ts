/**
 * A runner that starts plugins in bubblewrap, a small sandbox for Linux: with a
 * file system, a network and a process table of their own.
 */
import { type Address, type RunnerFunction, startCommand } from "@x/goplugin/host";
import { endSandbox, signalPlugin } from "./processes.ts";

/** What is in the sandbox beside the system's programs and libraries. */
export interface Sandbox {
  /** The program and its arguments, by the paths they have inside. */
  readonly command: readonly [program: string, ...args: string[]];
  /** Files and directories that the plugin may read: the path inside, then the path here. */
  readonly files: Readonly<Record<string, string>>;
  /** Variables that only the sandbox knows. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Where the sockets of both sides are inside. */
const SOCKETS = "/run";

/** What programs need of the system, none of it writable; `/tmp` is empty and goes with the plugin. */
const SYSTEM = [
  ...["--ro-bind", "/usr", "/usr"],
  ...["/bin", "/lib", "/lib64"].flatMap((path) => ["--ro-bind-try", path, path]),
  ...["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/tmp"],
];

/** Nothing of the host's is shared: no network, no processes. If bwrap ends, so does the sandbox. */
const WALLS = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"];

/** Starts a plugin in a sandbox. */
export function bubblewrap({ command, files, env }: Sandbox): RunnerFunction {
  return async (spec) => {
    const sockets = spec.socketDirectory;
    if (sockets === undefined) throw new Error("there is no directory to share sockets in");
    const mounts = Object.entries(files).flatMap(([inside, here]) => ["--ro-bind", here, inside]);
    const bwrap = ["bwrap", ...WALLS, ...SYSTEM, "--bind", sockets, SOCKETS, ...mounts];
    const runner = await startCommand([...bwrap, ...command], {
      ...spec,
      // Nothing of this process's environment but what is listed here.
      inheritEnv: false,
      env: {
        PATH: "/usr/bin:/bin",
        HOME: "/tmp",
        ...env,
        ...spec.env,
        PLUGIN_UNIX_SOCKET_DIR: SOCKETS,
      },
    });
    return {
      ...runner,
      name: command[0],
      async kill(signal) {
        const pid = runner.pid as number;
        if (signal === "SIGTERM") return signalPlugin(pid, signal);
        await endSandbox(pid);
        await runner.kill(signal);
      },
      // The same sockets, by the name of their directory on either side.
      pluginToHost: (address) => move(address, SOCKETS, sockets),
      hostToPlugin: (address) => move(address, sockets, SOCKETS),
    };
  };
}

function move(address: Address, from: string, to: string): Address {
  const isThere = address.network === "unix" && address.path.startsWith(`${from}/`);
  if (!isThere) throw new Error(`the sandbox shares only the sockets in ${from}`);
  return { network: "unix", path: to + address.path.slice(from.length) };
}
