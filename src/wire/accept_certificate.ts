/** A peer's certificate, accepted or refused with what it says. */
import { CertificateError } from "../errors.ts";
import { describeCertificate } from "./describe_certificate.ts";
import { checkPeerCertificate } from "./x509.ts";

/**
 * Checks that a peer's certificate can be pinned, like
 * {@linkcode checkPeerCertificate}, and says what stands in one that cannot.
 * Only then is @peculiar/x509 loaded.
 *
 * @throws {CertificateError} If it cannot be read, is not valid, or has another name.
 */
export async function acceptPeerCertificate(der: Uint8Array, whose: string): Promise<void> {
  try {
    checkPeerCertificate(der, whose, new Date());
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    const message = `${error.message}\nIt is: ${await describeCertificate(der)}`;
    throw new CertificateError(error.fault, message, {
      cause: error,
      ...(error.hint !== undefined && { hint: error.hint }),
    });
  }
}
