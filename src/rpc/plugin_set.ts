/** Plugin sets: what a host dispenses and a plugin serves, by name. */
import type { ChannelInterface } from "@grpc/grpc-js";
import { ServiceError } from "../errors.ts";
import type { Broker } from "./broker.ts";
import type { ClientOf, HandlersOf } from "./contract.ts";
import type { Service } from "./service.ts";

/** What the client side of a plugin-set entry gets. */
export interface ClientContext {
  /** Makes the typed client of a service on the plugin's connection. */
  connect<T>(service: Service<T>): Promise<ClientOf<T>>;
  /** Further connections between host and plugin. */
  readonly broker: Broker;
  /** The connection as grpc-js's interface: `channelOverride` of a generated client takes it. */
  readonly channel: ChannelInterface;
  /** Fires when the plugin has ended. */
  readonly signal: AbortSignal;
}

/** What the server side of a plugin-set entry gets. */
export interface ServerContext {
  /** Serves a service with these handlers. */
  register<T>(service: Service<T>, handlers: HandlersOf<T>): Promise<void>;
  /** Further connections between host and plugin. */
  readonly broker: Broker;
  /** Fires when the plugin shuts down. */
  readonly signal: AbortSignal;
}

/**
 * An entry of a plugin set. A host needs its client side, a plugin its server
 * side; `service()` makes the one, `implement()` both.
 *
 * Source: go-plugin `GRPCPlugin`.
 */
export interface Plugin<C = unknown> {
  /** Makes what `dispense()` hands out. */
  client?(context: ClientContext): C | Promise<C>;
  /** Registers the services of the plugin. */
  server?(context: ServerContext): void | Promise<void>;
}

/**
 * Registers the server side of a plugin.
 *
 * @throws {ServiceError} If it has none.
 */
export async function registerOn(
  context: ServerContext,
  name: string,
  plugin: Plugin,
): Promise<void> {
  if (plugin.server === undefined) {
    throw new ServiceError(`Cannot serve plugin ${JSON.stringify(name)}: no server side`, {
      hint: "implement(service, handlers) makes one",
    });
  }
  await plugin.server(context);
}

/** Plugins by name. */
export type PluginSet = Readonly<Record<string, Plugin>>;

/** What dispensing a plugin gives. */
export type ClientFor<P> = P extends { client?(context: never): infer C } ? Awaited<C>
  : never;

/** The sets of a union whose names the compiler knows. */
export type KnownSets<S> = S extends PluginSet ? string extends keyof S ? never : S : never;

/** What dispensing a name gives, set by set. */
export type DispensedFrom<S, K extends string> = S extends unknown
  ? K extends keyof S ? ClientFor<S[K]> : never
  : never;

/** The keys of each set of a union. */
export type KeysOf<S> = S extends unknown ? keyof S & string : never;

/** The names that can be dispensed; any text where the compiler does not know the sets. */
export type NamesOf<S> = [KnownSets<S>] extends [never] ? string : KeysOf<KnownSets<S>>;

/** What dispensing a name gives; a union where versions differ. */
export type Dispensed<S, K extends string> = [KnownSets<S>] extends [never] ? unknown
  : DispensedFrom<KnownSets<S>, K>;

/**
 * Puts an implementation behind a service, for a plugin's plugin set.
 *
 * @param handlers An object with a function for each method of the contract,
 * or a function that makes one when the plugin starts. A handler throws
 * `RpcError` to answer with a status of its choice; anything else it throws
 * answers `UNKNOWN` with the error's message.
 *
 * @example
 * ```ts
 * import { implement, type Service } from "@x/goplugin";
 *
 * interface Greeter {
 *   greet(request: { name: string }): Promise<{ text: string }>;
 * }
 * export function greeter(service: Service<Greeter>) {
 *   return implement(service, {
 *     greet: ({ name }) => ({ text: `Hello, ${name}` }),
 *   });
 * }
 * ```
 */
export function implement<T>(
  service: Service<T>,
  handlers:
    | HandlersOf<T>
    | ((context: ServerContext) => HandlersOf<T> | Promise<HandlersOf<T>>),
): Required<Plugin<ClientOf<T>>> {
  return {
    client: (context) => context.connect(service),
    server: async (context) => {
      const made = typeof handlers === "function"
        ? await (handlers as (context: ServerContext) => HandlersOf<T>)(context)
        : handlers;
      await context.register(service, made);
    },
  };
}
