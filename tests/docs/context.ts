/**
 * What stands around a fragment in the documentation: names that it uses and
 * does not declare. Only its types count.
 */
import type { Client, HandshakeConfig, Logger, Plugin, Service } from "@x/goplugin";

/** The README's contract. */
export interface Greeter {
  greet(request: { name: string }): Promise<{ text: string }>;
}

/** The contract of examples/kv. */
export interface Kv {
  put(request: { key: string; value: Uint8Array }): Promise<Record<never, never>>;
  get(request: { key: string }): Promise<{ value: Uint8Array }>;
}

/** One with the four kinds of method. */
export interface Counter {
  add(request: { by: number }): Promise<{ sum: number }>;
  count(request: { to: number }): AsyncIterable<{ number: number }>;
  sum(requests: AsyncIterable<{ by: number }>): Promise<{ sum: number }>;
  running(requests: AsyncIterable<{ by: number }>): AsyncIterable<{ sum: number }>;
}

export declare const GreeterService: Service<Greeter>;
export declare const KvService: Service<Kv>;
export declare const CounterService: Service<Counter>;
export declare const handshake: HandshakeConfig;
export declare const greeter: Required<Plugin<Greeter>>;
export declare const kv: Required<Plugin<Kv>>;
export declare const client: Client<
  { greeter: Service<Greeter>; kv: Service<Kv>; counter: Service<Counter> }
>;
export declare const counter: Awaited<ReturnType<Service<Counter>["client"]>>;
export declare const logger: Logger;
export declare const signal: AbortSignal;
export declare const command: readonly [string, ...string[]];
export declare const file: string;
