/**
 * The plugin's half: implement services and serve them to a host.
 *
 * @example
 * ```ts ignore
 * import { implement, serve } from "@x/goplugin/plugin";
 * import { GreeterService, handshake } from "./greeter.ts";
 *
 * await serve({
 *   handshake,
 *   plugins: {
 *     greeter: implement(GreeterService, {
 *       greet: ({ name }) => ({ text: `Hello, ${name}` }),
 *     }),
 *   },
 * });
 * ```
 *
 * @module
 */
export { serve } from "./src/plugin/serve.ts";
export { serveMany } from "./src/plugin/serve_many.ts";
export type { ServeConfig, ServeTestConfig } from "./src/plugin/config.ts";
export type { Network } from "./src/transport/listen.ts";
export { implement } from "./src/rpc/plugin_set.ts";
export { implementGrpcJs } from "./src/rpc/implement_grpc_js.ts";
export type {
  GeneratedMethod,
  GrpcJsHandlerOf,
  GrpcJsHandlersOf,
  ServedRequest,
  ServedResponse,
} from "./src/rpc/implement_grpc_js.ts";
export { formatHandshake, type HandshakeAnnouncement } from "./src/wire/handshake.ts";
export { CORE_PROTOCOL_VERSION } from "./src/wire/handshake.ts";
export { type Address, formatAddress } from "./src/wire/address.ts";
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
export type { ClientContext, Plugin, PluginSet, ServerContext } from "./src/rpc/plugin_set.ts";
export { loadService, type LoadServiceOptions, type Service, service } from "./src/rpc/service.ts";
export type { Contract, LoadedService } from "./src/rpc/service.ts";
export type { Broker, BrokeredClient, BrokeredServer } from "./src/rpc/broker.ts";
export type { EngineConfig, EngineOptions } from "./src/rpc/engine_options.ts";
export type { TlsConfig } from "./src/rpc/tls.ts";
export {
  formatReattach,
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
  ListenError,
  MagicCookieError,
  PermissionError,
  PluginError,
  type PluginErrorOptions,
  RpcError,
  type RpcErrorOptions,
  RuntimeVersionError,
  ServiceError,
  type StartReport,
  STATUS_CODES,
  type StatusName,
} from "./src/errors.ts";
