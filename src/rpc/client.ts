/** Typed clients: a function for each method of a contract, on a channel. */
import { RpcError } from "../errors.ts";
import type { Requests, RpcChannel } from "./channel.ts";
import type { CallOptions, ClientOf, MethodDefinition } from "./contract.ts";
import type { Service } from "./service.ts";

/** Makes the typed client of a service. */
export async function makeClient<T>(
  service: Service<T>,
  channel: RpcChannel,
): Promise<ClientOf<T>> {
  const { methods } = await service.load();
  const client: Record<string, unknown> = {};
  for (const [name, method] of methods) {
    client[name] = makeCall(channel, method);
  }
  return client as ClientOf<T>;
}

function makeCall(channel: RpcChannel, method: MethodDefinition): unknown {
  if (method.responseStream) {
    return method.requestStream
      ? (requests: Requests, options?: CallOptions) => channel.stream(method, requests, options)
      : (request: unknown, options?: CallOptions) => channel.stream(method, [request], options);
  }
  return method.requestStream
    ? (requests: Requests, options?: CallOptions) =>
      onlyMessage(channel.stream(method, requests, options))
    : (request: unknown, options?: CallOptions) => channel.unary(method, request, options);
}

/** The one response of a call that streams its requests. */
async function onlyMessage(
  responses: AsyncIterable<unknown>,
): Promise<unknown> {
  let found: { message: unknown } | undefined;
  for await (const message of responses) {
    if (found !== undefined) {
      throw new RpcError("INTERNAL", "More than one response to this call");
    }
    found = { message };
  }
  if (found === undefined) {
    throw new RpcError("INTERNAL", "No response to this call");
  }
  return found.message;
}
