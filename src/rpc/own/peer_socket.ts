/** What grpc-js tells of the connection that a call came on. */
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import type { TLSSocket } from "node:tls";

type Facts<K extends keyof ServerInterceptingCallInterface> = ReturnType<
  Extract<ServerInterceptingCallInterface[K], () => unknown>
>;

/** The address of a socket's other end, or `unknown`, as for unix sockets and streams. */
export function peerOf(peer: unknown): string {
  const { remoteAddress, remotePort } = connectionOf(peer);
  if (!remoteAddress) return "unknown";
  return remotePort ? `${remoteAddress}:${remotePort}` : remoteAddress;
}

/** Both ends of a socket, as far as they have addresses. */
export function connectionOf(peer: unknown): Facts<"getConnectionInfo"> {
  const { localAddress, localPort, remoteAddress, remotePort } = (peer ?? {}) as Partial<TLSSocket>;
  return { localAddress, localPort, remoteAddress, remotePort };
}

/** The certificate that the other end has shown and that is trusted; empty without one. */
export function authContextOf(peer: unknown): Facts<"getAuthContext"> {
  const socket = (peer ?? {}) as Partial<TLSSocket>;
  if (!socket.authorized) return {};
  const certificate = socket.getPeerCertificate?.();
  return {
    transportSecurityType: "ssl",
    ...(certificate?.raw && { sslPeerCertificate: certificate }),
  };
}

/** Takes what a handler records of its costs, and drops it. */
class DeafRecorder {
  recordRequestCostMetric(): void {}
  recordUtilizationMetric(): void {}
  recordNamedMetric(): void {}
  recordCPUUtilizationMetric(): void {}
  recordMemoryUtilizationMetric(): void {}
  recordApplicationUtilizationMetric(): void {}
  recordQpsMetric(): void {}
  recordEpsMetric(): void {}
  /** What would be sent: nothing. */
  serialize(): Uint8Array {
    return new Uint8Array(0);
  }
}

/** grpc-js's class for this is not public, and has a private field: only its methods are here. */
export const DEAF_RECORDER: Facts<"getMetricsRecorder"> = new DeafRecorder() as unknown as Facts<
  "getMetricsRecorder"
>;
