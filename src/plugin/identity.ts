/** The plugin's side of AutoMTLS. */
import { CertificateError } from "../errors.ts";
import type { PinnedTls } from "../rpc/tls.ts";
import { requireMtlsSupport } from "../runtime/mtls_support.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { generateIdentity } from "../wire/certificate.ts";
import { ENV } from "../wire/environment.ts";
import { decodePem } from "../wire/pem.ts";
import { checkPeerCertificate } from "../wire/x509.ts";

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
