/** Which engine carries the calls. */
import type { Runtime } from "../runtime/runtime.ts";
import type { EngineConfig } from "./engine_options.ts";

/** Switches the engine of a program whose code says nothing about it: to find out where a fault lies. */
const VARIABLE = "GOPLUGIN_ENGINE";

/** Whether it is grpc-js. */
export function isGrpcJs(runtime: Runtime, config: EngineConfig | undefined): boolean {
  return (config?.engine ?? runtime.variable(VARIABLE)) === "grpc-js";
}
