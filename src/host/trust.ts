/** Which certificates a host accepts from a plugin, and which it shows. */
import { CertificateError } from "../errors.ts";
import { checkKey, trustIn } from "../rpc/own_tls.ts";
import type { ConnectionTls, PinnedTls } from "../rpc/tls.ts";
import { requireMtlsSupport } from "../runtime/mtls_support.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { acceptPeerCertificate } from "../wire/accept_certificate.ts";
import type { Identity } from "../wire/certificate.ts";
import { decodePem } from "../wire/pem.ts";
import type { ReattachTls } from "../wire/reattach.ts";
import type { ResolvedConfig } from "./config.ts";

/**
 * Checks what can be known of the host's TLS before there is a plugin.
 *
 * @throws {TypeError} If the certificates of `tls` cannot be used.
 * @throws {CertificateError} If those it is to trust cannot be trusted now.
 * @throws {RuntimeVersionError} If this runtime cannot check those of others.
 */
export async function checkOwnSide(
  { autoMtls, tls }: ResolvedConfig,
  runtime: Runtime,
): Promise<void> {
  if (autoMtls || tls !== undefined) requireMtlsSupport(runtime);
  const { ca, certificate, privateKey } = tls ?? {};
  if (ca !== undefined) trustIn(ca, "serverAuth", new Date());
  if (certificate !== undefined && privateKey !== undefined) {
    await checkKey(certificate, privateKey);
  }
}

/**
 * Decides by what the host wants and what the plugin announced. Nothing falls
 * back to less than what was asked for.
 *
 * @param identity The host's, under AutoMTLS.
 * @param certificate What the plugin announced, if it did.
 * @throws {CertificateError} If a certificate is missing, there though none was
 * asked for, or cannot be trusted.
 */
export async function tlsFor(
  config: ResolvedConfig,
  identity: Identity | undefined,
  certificate: Uint8Array | undefined,
): Promise<ConnectionTls | undefined> {
  if (identity === undefined) {
    if (certificate === undefined) return config.tls;
    throw new CertificateError(
      "unexpected",
      "Cannot use plugin: it answered with a certificate though AutoMTLS is off",
      {
        hint: config.tls === undefined
          ? "Leave autoMtls on for this plugin"
          : "The plugin brings no TLS of its own: leave tls out, and autoMtls on",
      },
    );
  }
  if (certificate === undefined) {
    throw new CertificateError(
      "missing",
      "Cannot use plugin: AutoMTLS is on and it answered without a certificate",
      {
        hint: "The plugin's library may not know AutoMTLS, or the plugin brings TLS of its own " +
          "(then set tls); autoMtls: false connects in clear",
      },
    );
  }
  await acceptPeerCertificate(certificate, "the plugin's certificate");
  return { identity, peerCertificate: certificate };
}

/**
 * The same for a plugin that runs already, by the certificates of its reattach
 * configuration.
 *
 * @throws {CertificateError} If AutoMTLS is on and they are missing or cannot be trusted.
 */
export async function tlsForReattach(
  config: ResolvedConfig,
  carried: ReattachTls | undefined,
): Promise<ConnectionTls | undefined> {
  const { peerCertificate, certificate, privateKey } = carried ?? {};
  if (config.tls !== undefined) return config.tls;
  if (peerCertificate === undefined || certificate === undefined || privateKey === undefined) {
    if (!config.autoMtls) return undefined;
    throw new CertificateError(
      "missing",
      "Cannot reattach: AutoMTLS is on and the reattach configuration lacks certificates",
      {
        hint: "reattachConfig({ withPrivateKey: true }) gives them; " +
          "autoMtls: false connects in clear, to a plugin that serves in clear",
      },
    );
  }
  return await pinnedFrom({ peerCertificate, certificate, privateKey });
}

async function pinnedFrom(carried: Required<ReattachTls>): Promise<PinnedTls> {
  const read = (whose: string, pem: string) => {
    try {
      return decodePem("CERTIFICATE", pem);
    } catch (cause) {
      throw new CertificateError(
        "malformed",
        `Cannot reattach: ${whose}: ${(cause as Error).message}`,
        { cause },
      );
    }
  };
  const peerCertificate = read("tls.peerCertificate", carried.peerCertificate);
  await acceptPeerCertificate(peerCertificate, "the plugin's certificate");
  return {
    peerCertificate,
    identity: {
      certificate: read("tls.certificate", carried.certificate),
      certificatePem: carried.certificate,
      privateKeyPem: carried.privateKey,
    },
  };
}
