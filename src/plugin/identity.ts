/** What a plugin shows of itself and whom it trusts: by AutoMTLS, or as its author provides. */
import { CertificateError } from "../errors.ts";
import type { ConnectionTls, PinnedTls, TlsConfig } from "../rpc/tls.ts";
import { requireMtlsSupport } from "../runtime/mtls_support.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { generateIdentity } from "../wire/certificate.ts";
import { ENV } from "../wire/environment.ts";
import { decodePem } from "../wire/pem.ts";
import { checkPeerCertificate } from "../wire/x509.ts";
import type { ServeConfig } from "./config.ts";

/**
 * Decides between the author's own TLS, AutoMTLS if the host asks for it, and
 * none.
 *
 * @throws {TypeError} If the provider gives no certificate with its key.
 * @throws {CertificateError} If the host's certificate cannot be trusted.
 * @throws {RuntimeVersionError} If this runtime cannot check it.
 *
 * Source: go-plugin `server.go`, `Serve`.
 */
export async function tlsFor(
  runtime: Runtime,
  config: ServeConfig,
  clientCertificate: string | undefined,
): Promise<ConnectionTls | undefined> {
  const own = await config.tlsProvider?.();
  if (own !== undefined) return complete(own, runtime);
  return clientCertificate === undefined ? undefined : await pinHost(runtime, clientCertificate);
}

function complete(tls: TlsConfig, runtime: Runtime): TlsConfig {
  if (tls.certificate === undefined || tls.privateKey === undefined) {
    throw new TypeError("ServeConfig.tlsProvider: certificate and privateKey are needed");
  }
  if (tls.ca !== undefined) requireMtlsSupport(runtime);
  return tls;
}

/**
 * Pins the host's certificate and makes one for the plugin. go-plugin goes on
 * without a usable host certificate and then refuses every call; this refuses
 * to start.
 *
 * @throws {CertificateError} If the host's certificate cannot be trusted.
 * @throws {RuntimeVersionError} If this runtime cannot check it.
 */
export async function pinHost(runtime: Runtime, clientCertificate: string): Promise<PinnedTls> {
  requireMtlsSupport(runtime);
  let peerCertificate: Uint8Array;
  try {
    peerCertificate = decodePem("CERTIFICATE", clientCertificate);
  } catch (cause) {
    throw new CertificateError(
      "malformed",
      `Cannot trust the host: ${ENV.clientCertificate}: ${(cause as Error).message}`,
      { cause },
    );
  }
  const whose = `the host's certificate in ${ENV.clientCertificate}`;
  checkPeerCertificate(peerCertificate, whose, new Date());
  return { identity: await generateIdentity(), peerCertificate };
}
