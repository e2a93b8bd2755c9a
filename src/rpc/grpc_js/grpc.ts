/** The one place that loads grpc-js, when a channel or a server is first needed. */
import type { Runtime } from "../../runtime/runtime.ts";

/** grpc-js. */
export type Grpc = typeof import("@grpc/grpc-js");

let loading: Promise<Grpc> | undefined;

/** Loads grpc-js, once. */
export function loadGrpc(runtime: Runtime): Promise<Grpc> {
  loading ??= runtime.permits({ kind: "env" })
    ? import("@grpc/grpc-js")
    : withGuardedEnvironment(runtime, () => import("@grpc/grpc-js"));
  return loading;
}

/**
 * grpc-js reads `GRPC_*` variables while it loads, and Deno throws without
 * `--allow-env`. Until it is loaded, variables that may not be read look
 * unset. Behaviour of grpc-js 1.14; its later reads (proxies) are switched off
 * by channel options.
 */
async function withGuardedEnvironment<T>(
  runtime: Runtime,
  load: () => Promise<T>,
): Promise<T> {
  const { process } = globalThis as unknown as {
    process: { env: Record<string, string | undefined> };
  };
  const descriptor = Object.getOwnPropertyDescriptor(
    process,
    "env",
  ) as PropertyDescriptor;
  const real = process.env;
  // An empty target: what it has, the engine would ask for by itself.
  const guarded = new Proxy({}, {
    get: (_, name) =>
      typeof name === "string" && runtime.permits({ kind: "env", name }) ? real[name] : undefined,
  });
  Object.defineProperty(process, "env", { ...descriptor, value: guarded });
  try {
    return await load();
  } finally {
    Object.defineProperty(process, "env", descriptor);
  }
}
