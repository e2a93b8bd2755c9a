/**
 * Plugins in processes of their own, compatible with HashiCorp's go-plugin: a
 * host in TypeScript drives plugins written in any language, a plugin in
 * TypeScript serves any go-plugin host.
 *
 * Importing this module does nothing else: no environment is read, no signal
 * handled, nothing loaded that is not used. `./host` and `./plugin` are its
 * two halves.
 *
 * @example The contract that both sides share
 * ```ts
 * import { type HandshakeConfig, service } from "@x/goplugin";
 *
 * export const handshake: HandshakeConfig = {
 *   protocolVersion: 1,
 *   magicCookieKey: "GREETER_PLUGIN",
 *   magicCookieValue: "hello",
 * };
 *
 * export interface Greeter {
 *   greet(request: { name: string }): Promise<{ text: string }>;
 * }
 *
 * // What `proto/embed.ts` writes for a .proto file.
 * const descriptor = {
 *   nested: {
 *     greeter: {
 *       nested: {
 *         Greeter: { methods: { Greet: { requestType: "Name", responseType: "Greeting" } } },
 *         Name: { fields: { name: { type: "string", id: 1 } } },
 *         Greeting: { fields: { text: { type: "string", id: 1 } } },
 *       },
 *     },
 *   },
 * };
 * export const GreeterService = service<Greeter>(descriptor, "greeter.Greeter");
 * ```
 *
 * @module
 */
export * from "./host.ts";
export * from "./plugin.ts";
