/** What host and plugin share: the handshake and the contract. */
import { type HandshakeConfig, service } from "@x/goplugin";
import { descriptor } from "./greeter_descriptor.ts";

export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: "GREETER_PLUGIN",
  magicCookieValue: "hello",
};

export interface Greeter {
  greet(request: { name: string }): Promise<{ text: string }>;
}

export const GreeterService = service<Greeter>(descriptor, "greeter.Greeter");
