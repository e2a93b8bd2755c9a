/** The services of a server, each with a handler for every method. */
import { ServiceError } from "../errors.ts";
import type { MethodDefinition, ServerCall } from "./contract.ts";
import type { LoadedService } from "./service.ts";

/** A handler of any kind, bound to its object. */
export type Handler = (
  request: unknown,
  call: ServerCall,
) => unknown | Promise<unknown> | AsyncIterable<unknown>;

/** A method with what serves it. */
export interface HandledMethod {
  /** Its name in the contract. */
  readonly name: string;
  /** The method. */
  readonly method: MethodDefinition;
  /** Serves it. */
  readonly handler: Handler;
}

/** What was registered so far. */
export class Registry {
  /** The services, in the order they came. */
  readonly services: LoadedService[] = [];

  /**
   * Adds a service.
   *
   * @throws {ServiceError} If a method has no handler, or the service is there already.
   */
  add(service: LoadedService, handlers: object): HandledMethod[] {
    this.#requireNew(service);
    const handled = [...service.methods].map(([name, method]) => {
      const handler = (handlers as Record<string, unknown>)[name];
      if (typeof handler === "function") {
        return { name, method, handler: handler.bind(handlers) as Handler };
      }
      throw new ServiceError(
        `Cannot serve ${service.name}: no handler for its method ${JSON.stringify(name)}`,
      );
    });
    this.services.push(service);
    return handled;
  }

  /**
   * Adds a service whose handlers are not looked for here.
   *
   * @throws {ServiceError} If the service is there already.
   */
  addBare(service: LoadedService): MethodDefinition[] {
    this.#requireNew(service);
    this.services.push(service);
    return [...service.methods.values()];
  }

  #requireNew({ name }: LoadedService): void {
    if (this.services.some((other) => other.name === name)) {
      throw new ServiceError(`Cannot serve ${name}: it is registered twice`);
    }
  }
}
