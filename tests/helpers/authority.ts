/** An authority, and what tests need under it: good certificates, and one of each way to be bad. */
import { createCertificate } from "../../src/wire/create_certificate.ts";
import type { CertificateAndKey, CertificateOptions } from "../../src/wire/certificate_options.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START = new Date(Date.now() - 10 * DAY_MS);
const TIME = { notBefore: START, validForMs: 20 * DAY_MS };

/** Options of a certificate that is no longer valid. */
export const EXPIRED: CertificateOptions = { notBefore: START, validForMs: HOUR_MS };
/** Options of a certificate that is not yet valid. */
export const EARLY: CertificateOptions = { notBefore: new Date(Date.now() + DAY_MS) };

/** Ten days old and ten days from its end, so that what it signs can be expired and early. */
export const authority: CertificateAndKey = await createCertificate({ isAuthority: true, ...TIME });
/** Another one of the same name. */
export const stranger: CertificateAndKey = await createCertificate({ isAuthority: true, ...TIME });

/** Makes a certificate under the authority. */
export function signed(options: CertificateOptions = {}): Promise<CertificateAndKey> {
  return createCertificate({ issuer: authority, ...options });
}

/** One signed by an authority below the authority, with that one's certificate behind its own. */
export async function chained(
  middle: CertificateOptions = {},
  options: CertificateOptions = {},
): Promise<CertificateAndKey> {
  const issuer = await signed({ isAuthority: true, commonName: "Middle", ...middle });
  const leaf = await createCertificate({ issuer, ...options });
  return { ...leaf, certificate: leaf.certificate + issuer.certificate };
}
