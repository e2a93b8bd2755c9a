/**
 * Whom TLS of one's own trusts. TLS itself compares certificates and
 * signatures; here stands what not every runtime's TLS looks at. Deno 2.9 (by
 * rustls) takes an authority that has expired, and a client that shows a
 * trusted certificate itself, whatever its dates and usages; and it lets
 * certificates that are no authorities vouch for others.
 */
import { Buffer } from "node:buffer";
import type { PeerCertificate } from "node:tls";
import { CertificateError } from "../errors.ts";
import { decodePemBlocks, encodePem } from "../wire/pem.ts";
import { allowsUsage, type CertificateFacts, readCertificate } from "../wire/x509.ts";

/** A side of TLS: what the certificate of the one who is to be trusted is used for. */
export type TlsSide = "serverAuth" | "clientAuth";

/** Whom to trust, at one time. */
export interface Trust {
  /** The certificates that TLS may trust, as PEM. */
  readonly ca: string;
  /** If they are no authorities: one of them is what the peer has to show. */
  readonly pins: readonly Uint8Array[];
  /** The time at which this changes, in milliseconds since 1970. */
  readonly changesAtMs: number;
}

interface Trusted extends CertificateFacts {
  readonly der: Uint8Array;
}

/**
 * Takes those of the certificates that are valid at the time and may be used
 * for this side.
 *
 * @throws {TypeError} If some are authorities and some are not.
 * @throws {CertificateError} If one cannot be read, or none can be used.
 */
export function trustIn(ca: string, side: TlsSide, now: Date): Trust {
  const all = readAll(ca);
  if (all.some(({ isAuthority }) => isAuthority !== all[0]?.isAuthority)) {
    throw new TypeError("tls.ca: authorities and certificates that are none do not go together");
  }
  const usable = all.filter((one) => faultOf(one, side, now) === undefined);
  if (usable.length === 0) throw faultOf(all[0] as Trusted, side, now);
  const times = all.flatMap(({ notBefore, notAfter }) => [+notBefore, +notAfter + 1]);
  return {
    ca: usable.map(({ der }) => encodePem("CERTIFICATE", der)).join(""),
    pins: usable.filter(({ isAuthority }) => !isAuthority).map(({ der }) => der),
    changesAtMs: Math.min(...times.filter((time) => time > +now)),
  };
}

function readAll(ca: string): Trusted[] {
  try {
    return decodePemBlocks("CERTIFICATE", ca).map((der) => ({ der, ...readCertificate(der) }));
  } catch (cause) {
    throw new CertificateError("malformed", `Cannot use tls.ca: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function faultOf(certificate: Trusted, side: TlsSide, now: Date): CertificateError | undefined {
  const { notBefore, notAfter } = certificate;
  if (now > notAfter) {
    return unusable("expired", `it expired at ${notAfter.toISOString()}`);
  }
  if (now < notBefore) {
    return unusable("not-yet-valid", `it is valid only from ${notBefore.toISOString()}`);
  }
  if (!allowsUsage(certificate, side)) {
    const [whose, usage] = side === "serverAuth" ? ["servers", side] : ["clients", side];
    return unusable("wrong-usage", `it is not for ${whose}: no extended key usage ${usage}`);
  }
}

function unusable(fault: CertificateError["fault"], found: string): CertificateError {
  return new CertificateError(fault, `Cannot trust what is in tls.ca: ${found}`);
}

/** Whether the peer has shown a certificate that is trusted; any will do if authorities are. */
export function isTrusted({ pins }: Trust, shown: Uint8Array | undefined): boolean {
  if (pins.length === 0) return true;
  return shown !== undefined && pins.some((pin) => Buffer.from(pin).equals(shown));
}

/** What is wrong with a server's certificate though TLS takes it. */
export function identityError(
  trust: Trust,
  { raw, subjectaltname }: PeerCertificate,
): Error | undefined {
  if (!isTrusted(trust, raw)) return new Error("the certificate is not one of those in tls.ca");
  // Node would go by the subject's common name, which Go has given up.
  if (!subjectaltname) {
    return new Error("the certificate is made out to no DNS name or IP address");
  }
}

/**
 * Checks that a private key is that of a certificate. Deno finds out only when
 * somebody connects.
 *
 * @throws {TypeError} If it is not, or one of them cannot be read.
 */
export async function checkKey(certificate: string, privateKey: string): Promise<void> {
  const { createPrivateKey, X509Certificate } = await import("node:crypto");
  let belongs: boolean;
  try {
    belongs = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
  } catch (cause) {
    throw new TypeError(
      `tls.certificate, tls.privateKey: they cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (!belongs) throw new TypeError("tls.privateKey: it is not the key of tls.certificate");
}
