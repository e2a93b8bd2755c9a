/** Interceptors of calls served: those that turn a call away, and the user's. */
import type {
  ServerInterceptingCall,
  ServerInterceptingCallInterface,
  ServerInterceptor,
} from "@grpc/grpc-js";
import type { StatusName } from "../../errors.ts";
import type { Logger } from "../../logging/logger.ts";
import { isTrusted, type Trust } from "../own_tls.ts";
import type { Grpc } from "./grpc.ts";

/** A call that ends with a status before any handler sees it. */
export function turnedAway(
  grpc: Grpc,
  call: ServerInterceptingCallInterface,
  status: StatusName,
  details: string,
): ServerInterceptingCall {
  return new grpc.ServerInterceptingCall(call, {
    start: (next) =>
      next({ onReceiveMetadata: () => call.sendStatus({ code: grpc.status[status], details }) }),
  });
}

/** The interceptor, but that one that throws fails its call: for grpc-js it would end the process. */
export function guarded(
  grpc: Grpc,
  interceptor: ServerInterceptor,
  logger: Logger,
): ServerInterceptor {
  return (method, call) => {
    try {
      return interceptor(method, call);
    } catch (error) {
      const { message, stack } = (error ?? {}) as Partial<Error>;
      logger.error("an interceptor failed", { method: method.path, error: stack ?? String(error) });
      return turnedAway(grpc, call, "UNKNOWN", String(message ?? error).toWellFormed());
    }
  };
}

/** What refuses the calls of a client that has shown another certificate than those trusted. */
export function refuseOthers(grpc: Grpc, trust: Trust): ServerInterceptor[] {
  if (trust.pins.length === 0) return [];
  const details = "The client's certificate is not one of those trusted";
  return [
    (_method, call) =>
      isTrusted(trust, call.getAuthContext().sslPeerCertificate?.raw)
        ? new grpc.ServerInterceptingCall(call)
        : turnedAway(grpc, call, "UNAUTHENTICATED", details),
  ];
}
