/** GRPCController: how a host asks a plugin to shut down. */
import { controllerDescriptor } from "./descriptors.ts";
import { type Service, service } from "./service.ts";

/** The contract of `plugin.GRPCController`. */
export interface Controller {
  /** Answers, and then the plugin stops. */
  shutdown(request: Record<never, never>): Promise<Record<never, never>>;
}

/** The service that every plugin has and its host calls last. */
export const ControllerService: Service<Controller> = service<Controller>(
  controllerDescriptor,
  "plugin.GRPCController",
);
