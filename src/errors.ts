/**
 * Every error class of the module. `PluginError` is the root; one class per
 * situation that a caller would handle differently, the facts in fields.
 */
export * from "./errors/plugin_error.ts";
export * from "./errors/handshake_errors.ts";
export * from "./errors/process_errors.ts";
export * from "./errors/rpc_error.ts";
