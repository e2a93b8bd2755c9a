/**
 * A plugin and its host in one process, for the unit tests of plugins.
 *
 * @example
 * ```ts
 * import { implement, type Service, service } from "@x/goplugin";
 * import { testClient } from "@x/goplugin/testing";
 * import { strictEqual } from "node:assert/strict";
 *
 * interface Greeter {
 *   greet(request: { name: string }): Promise<{ text: string }>;
 * }
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
 * const GreeterService: Service<Greeter> = service<Greeter>(descriptor, "greeter.Greeter");
 * const greeter = implement(GreeterService, { greet: ({ name }) => ({ text: `Hello, ${name}!` }) });
 *
 * await using client = await testClient({ greeter });
 * const { text } = await (await client.dispense("greeter")).greet({ name: "world" });
 * strictEqual(text, "Hello, world!");
 * ```
 *
 * @module
 */
export { testClient, type TestClientOptions } from "./src/testing/test_client.ts";
