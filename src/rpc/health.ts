/** gRPC's health service, with the names that go-plugin gives it. */
import { RpcError } from "../errors.ts";
import type { ServerCall } from "./contract.ts";
import { healthDescriptor } from "./descriptors.ts";
import { type Service, service } from "./service.ts";

/**
 * The name under which a plugin's health is asked for.
 *
 * Source: go-plugin `GRPCServiceName`.
 */
export const HEALTH_SERVICE_NAME = "plugin";

/** The answer of the health service. */
export interface HealthAnswer {
  /** How the service is. */
  readonly status: "UNKNOWN" | "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";
}

/** The contract of `grpc.health.v1.Health`. */
export interface Health {
  /** How a service is. */
  check(request: { service: string }): Promise<HealthAnswer>;
  /** How every service is. */
  list(request: Record<never, never>): Promise<{ statuses: Record<string, HealthAnswer> }>;
  /** How a service is, and every change of it. */
  watch(request: { service: string }): AsyncIterable<HealthAnswer>;
}

/** The service behind `ping()`. */
export const HealthService: Service<Health> = service<Health>(
  healthDescriptor,
  "grpc.health.v1.Health",
);

function isKnown(name: string): boolean {
  return name === "" || name === HEALTH_SERVICE_NAME;
}

/** The plugin's side: it is well as long as it answers. */
export const healthHandlers = {
  check({ service }: { service: string }): HealthAnswer {
    if (!isKnown(service)) throw new RpcError("NOT_FOUND", "unknown service");
    return { status: "SERVING" };
  },

  list(): { statuses: Record<string, HealthAnswer> } {
    return {
      statuses: { "": { status: "SERVING" }, [HEALTH_SERVICE_NAME]: { status: "SERVING" } },
    };
  },

  async *watch(
    { service }: { service: string },
    { signal }: ServerCall,
  ): AsyncGenerator<HealthAnswer> {
    yield { status: isKnown(service) ? "SERVING" : "SERVICE_UNKNOWN" };
    if (signal.aborted) return;
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  },
};
