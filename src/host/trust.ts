/** Which certificates a host accepts from a plugin, and which it shows. */
import { CertificateError } from "../errors.ts";
import type { ConnectionTls, PinnedTls } from "../rpc/tls.ts";
import type { Identity } from "../wire/certificate.ts";
import { decodePem } from "../wire/pem.ts";
import type { ReattachTls } from "../wire/reattach.ts";
import { checkPeerCertificate } from "../wire/x509.ts";
import type { ResolvedConfig } from "./config.ts";

/**
 * Decides by what the host wants and what the plugin announced. Nothing falls
 * back to less than what was asked for.
 *
 * @param identity The host's, under AutoMTLS.
 * @param certificate What the plugin announced, if it did.
 * @throws {CertificateError} If a certificate is missing, there though none was
 * asked for, or cannot be trusted.
 */
export function tlsFor(
  config: ResolvedConfig,
  identity: Identity | undefined,
  certificate: Uint8Array | undefined,
): ConnectionTls | undefined {
  if (identity === undefined) {
    if (certificate === undefined) return config.tls;
    throw new CertificateError(
      "unexpected",
      "Cannot use plugin: it answered with a certificate though AutoMTLS is off",
      { hint: "Leave autoMtls on for this plugin" },
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
  checkPeerCertificate(certificate, "the plugin's certificate", new Date());
  return { identity, peerCertificate: certificate };
}

/**
 * The same for a plugin that runs already, by the certificates of its reattach
 * configuration.
 *
 * @throws {CertificateError} If AutoMTLS is on and they are missing or cannot be trusted.
 */
export function tlsForReattach(
  config: ResolvedConfig,
  carried: ReattachTls | undefined,
): ConnectionTls | undefined {
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
  return pinnedFrom({ peerCertificate, certificate, privateKey });
}

function pinnedFrom(carried: Required<ReattachTls>): PinnedTls {
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
  checkPeerCertificate(peerCertificate, "the plugin's certificate", new Date());
  return {
    peerCertificate,
    identity: {
      certificate: read("tls.certificate", carried.certificate),
      certificatePem: carried.certificate,
      privateKeyPem: carried.privateKey,
    },
  };
}
