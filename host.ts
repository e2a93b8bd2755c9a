/**
 * The host's half: start plugins, call them, end them.
 *
 * @example
 * ```ts ignore
 * import { Client, denoPlugin } from "@x/goplugin/host";
 * import { GreeterService, handshake } from "./greeter.ts";
 *
 * await using client = new Client({
 *   handshake,
 *   plugins: { greeter: GreeterService },
 *   command: denoPlugin("plugin.ts", { handshake }),
 * });
 * const greeter = await client.dispense("greeter");
 * const { text } = await greeter.greet({ name: "world" });
 * console.log(text);
 * ```
 *
 * @module
 */
export { Client, type ReattachOptions, type StartOptions } from "./src/host/client.ts";
export type {
  ClientConfig,
  ClientOptions,
  CommandSource,
  Output,
  PluginSource,
  ReattachSource,
  RunnerSource,
  UnixSocketConfig,
  VersionedPlugins,
} from "./src/host/config.ts";
export type { SecureConfig } from "./src/host/checksum.ts";
export { denoPlugin, type DenoPluginOptions } from "./src/host/deno_plugin.ts";
export { discover } from "./src/host/discover.ts";
export { cleanupClients } from "./src/host/managed.ts";
export type { AttachedRunner, Runner, RunnerFunction, RunnerSpec } from "./src/host/runner.ts";
export { startCommand } from "./src/host/runner.ts";
export type { KillResult, KillStep } from "./src/host/kill.ts";
export type { OutputSink } from "./src/rpc/stdio.ts";
export {
  CORE_PROTOCOL_VERSION,
  type Handshake,
  parseHandshake,
  requireGrpc,
} from "./src/wire/handshake.ts";
export { type Address, formatAddress, parseAddress } from "./src/wire/address.ts";
export type { HandshakeConfig } from "./src/wire/magic_cookie.ts";
export { createCertificate } from "./src/wire/create_certificate.ts";
export type {
  CertificateAndKey,
  CertificateCurve,
  CertificateOptions,
  CertificateUsage,
} from "./src/wire/certificate_options.ts";

export type {
  CallOptions,
  ClientOf,
  ContractOf,
  GeneratedDefinition,
  HandlersOf,
  Method,
  MethodDefinition,
  RequestInput,
  ServerCall,
  ServiceDefinition,
  Streamed,
} from "./src/rpc/contract.ts";
export type {
  ClientContext,
  ClientFor,
  Dispensed,
  DispensedFrom,
  KeysOf,
  KnownSets,
  NamesOf,
  Plugin,
  PluginSet,
  ServerContext,
} from "./src/rpc/plugin_set.ts";
export { implement } from "./src/rpc/plugin_set.ts";
export { implementGrpcJs } from "./src/rpc/implement_grpc_js.ts";
export type {
  GeneratedMethod,
  GrpcJsHandlerOf,
  GrpcJsHandlersOf,
  ServedRequest,
  ServedResponse,
} from "./src/rpc/implement_grpc_js.ts";
export { loadService, type LoadServiceOptions, type Service, service } from "./src/rpc/service.ts";
export type { Contract, LoadedService } from "./src/rpc/service.ts";
export type { Broker, BrokeredClient, BrokeredServer } from "./src/rpc/broker.ts";
export type { EngineConfig, EngineOptions } from "./src/rpc/engine_options.ts";
export type { TlsConfig } from "./src/rpc/tls.ts";
export {
  formatReattach,
  parseReattach,
  type ReattachConfig,
  type ReattachJson,
  type ReattachTls,
} from "./src/wire/reattach.ts";
export { HEALTH_SERVICE_NAME } from "./src/rpc/health.ts";
export type { EntryLevel, LogFields, LogLevel } from "./src/logging/levels.ts";
export type { Logger, LoggerOptions } from "./src/logging/logger.ts";
export { createLogger } from "./src/runtime/standard_logger.ts";
export {
  BrokerError,
  CertificateError,
  type CertificateFault,
  ChecksumError,
  type ChecksumFault,
  ClientStateError,
  ConnectError,
  CoreVersionError,
  type ExitStatus,
  HandshakeError,
  type HandshakeFault,
  KillError,
  ListenError,
  MagicCookieError,
  MultiplexError,
  PermissionError,
  PluginError,
  type PluginErrorOptions,
  PluginExitedError,
  ReattachError,
  RpcError,
  type RpcErrorOptions,
  RuntimeVersionError,
  ServiceError,
  SpawnError,
  type StartPhase,
  type StartReport,
  StartTimeoutError,
  STATUS_CODES,
  type StatusName,
  UnknownPluginError,
  UnsupportedProtocolError,
  VersionMismatchError,
} from "./src/errors.ts";
