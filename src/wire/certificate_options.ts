/** What `createCertificate` may be told, checked, with the defaults filled in. */
import { isIP } from "node:net";

/** A certificate and its private key: what TLS on a server or a client is given. */
export interface CertificateAndKey {
  /** The certificate as PEM. */
  readonly certificate: string;
  /** The private key as PEM (PKCS #8, label `PRIVATE KEY`, not encrypted). */
  readonly privateKey: string;
}

/** The curve of a certificate's key. */
export type CertificateCurve = "P-256" | "P-384" | "P-521";

/** What a certificate's holder may do with it: be a TLS server, or a TLS client. */
export type CertificateUsage = "serverAuth" | "clientAuth";

/** The certificate that `createCertificate` makes. */
export interface CertificateOptions {
  /**
   * The subject's common name, 1 to 64 characters. TLS does not compare it
   * with the host's name: that is what {@linkcode CertificateOptions.names} is for.
   *
   * @default {"localhost", and for an authority "localhost authority"}
   */
  readonly commonName?: string;
  /**
   * The DNS names and IP addresses that the certificate is made out to, as its
   * subjectAltName. `*.` may stand for the first label of a DNS name; names
   * that are not ASCII go in their `xn--` form. An empty list leaves the
   * extension out, which does for a client.
   *
   * @default {["localhost"], and for an authority []}
   */
  readonly names?: readonly string[];
  /**
   * The curve of the new key. The signature is made with the issuer's key,
   * whatever its curve.
   *
   * @default {"P-521"}
   */
  readonly curve?: CertificateCurve;
  /**
   * The first moment of validity, to the second (what is below is cut off).
   *
   * @default {half a minute ago, but not before the issuer's}
   */
  readonly notBefore?: Date;
  /**
   * How long the certificate is valid from `notBefore` on, in milliseconds, at
   * least 1000. May not go beyond the issuer's end.
   *
   * @default {31_536_000_000 (365 days), but not beyond the issuer's end}
   */
  readonly validForMs?: number;
  /**
   * Whether the certificate may sign others: basicConstraints `CA:TRUE`
   * without a path length, key usage keyCertSign and cRLSign beside
   * digitalSignature.
   *
   * @default {false}
   */
  readonly isAuthority?: boolean;
  /**
   * The authority that signs: a result of `createCertificate` with
   * `isAuthority`, or one of your own with an ECDSA (P-256, P-384, P-521), RSA
   * or Ed25519 key. Only the first certificate of its PEM text counts.
   *
   * @default {undefined: the certificate signs itself}
   */
  readonly issuer?: CertificateAndKey;
  /**
   * The extended key usages. On an authority they bound what the certificates
   * under it can be used for.
   *
   * @default {["serverAuth", "clientAuth"]}
   */
  readonly usages?: readonly CertificateUsage[];
}

/** A name for subjectAltName, as @peculiar/x509 takes it. */
export interface AlternativeName {
  /** The kind of name. */
  readonly type: "dns" | "ip";
  /** The name; an IPv6 address in its canonical form. */
  readonly value: string;
}

/** The options that can be resolved without a look at the issuer. */
export interface ResolvedCertificateOptions {
  /** See {@linkcode CertificateOptions.commonName}. */
  readonly commonName: string;
  /** See {@linkcode CertificateOptions.names}. */
  readonly names: readonly AlternativeName[];
  /** See {@linkcode CertificateOptions.curve}. */
  readonly curve: CertificateCurve;
  /** See {@linkcode CertificateOptions.isAuthority}. */
  readonly isAuthority: boolean;
  /** See {@linkcode CertificateOptions.usages}. */
  readonly usages: readonly CertificateUsage[];
}

/** The first and the last moment of a certificate, both on whole seconds. */
export interface Validity {
  /** The first moment. */
  readonly notBefore: Date;
  /** The last moment. */
  readonly notAfter: Date;
}

const CURVES: readonly string[] = ["P-256", "P-384", "P-521"] satisfies CertificateCurve[];
const USAGES: readonly string[] = ["serverAuth", "clientAuth"] satisfies CertificateUsage[];

/** ub-common-name of RFC 5280, appendix A.1. */
const MAX_COMMON_NAME = 64;
const MAX_DNS_NAME = 253;
/** A label of a DNS name, with the underscore that private networks use. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

const SECOND_MS = 1000;
const YEAR_MS = 365 * 24 * 3600 * SECOND_MS;
/** Before 1950, UTCTime would read as a year of this century (RFC 5280, 4.1.2.5.1). */
const FIRST_TIME_MS = Date.UTC(1950, 0, 1);
/** GeneralizedTime has four digits for the year. */
const LAST_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/**
 * Checks the options and fills in their defaults.
 *
 * @throws {TypeError} If an option is of the wrong kind.
 * @throws {RangeError} If an option has a value that cannot be used.
 */
export function resolveCertificateOptions(options: CertificateOptions): ResolvedCertificateOptions {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`CertificateOptions: an object is needed, not ${show(options)}`);
  }
  const { isAuthority = false, curve = "P-521" } = options;
  if (typeof isAuthority !== "boolean") {
    throw new TypeError(`CertificateOptions.isAuthority: ${show(isAuthority)} is not a boolean`);
  }
  const names = listOf("names", options.names ?? (isAuthority ? [] : ["localhost"]));
  return {
    commonName: checkCommonName(
      options.commonName ?? (isAuthority ? "localhost authority" : "localhost"),
    ),
    names: names.map(alternativeName),
    curve: oneOf("curve", curve, CURVES) as CertificateCurve,
    isAuthority,
    usages: checkUsages(listOf("usages", options.usages ?? ["serverAuth", "clientAuth"])),
  };
}

/**
 * The time a certificate is to be valid, within that of its issuer.
 *
 * @throws {TypeError} If an option is of the wrong kind.
 * @throws {RangeError} If the time is none, cannot be written, or is not within the issuer's.
 */
export function resolveValidity(
  options: CertificateOptions,
  issuer: Validity | undefined,
  now: Date,
): Validity {
  const start = resolveStart(options.notBefore, issuer, now);
  const end = resolveEnd(options.validForMs, start, issuer);
  if (start < FIRST_TIME_MS) {
    throw new RangeError(`CertificateOptions.notBefore: ${iso(start)} is before 1950`);
  }
  if (end > LAST_TIME_MS) {
    throw new RangeError(
      `CertificateOptions.validForMs: ${options.validForMs ?? YEAR_MS} leads beyond the year 9999`,
    );
  }
  return { notBefore: new Date(start), notAfter: new Date(end) };
}

function resolveStart(
  notBefore: Date | undefined,
  issuer: Validity | undefined,
  now: Date,
): number {
  const issuerStart = issuer?.notBefore.getTime() ?? -Infinity;
  if (notBefore === undefined) {
    return Math.max(wholeSeconds(now.getTime() - 30 * SECOND_MS), issuerStart);
  }
  if (!(notBefore instanceof Date)) {
    throw new TypeError(`CertificateOptions.notBefore: ${show(notBefore)} is not a Date`);
  }
  if (Number.isNaN(notBefore.getTime())) {
    throw new RangeError("CertificateOptions.notBefore: the date is invalid");
  }
  const start = wholeSeconds(notBefore.getTime());
  if (start < issuerStart) {
    throw new RangeError(
      `CertificateOptions.notBefore: ${iso(start)} is before the issuer's ${iso(issuerStart)}`,
    );
  }
  return start;
}

function resolveEnd(
  validForMs: number | undefined,
  start: number,
  issuer: Validity | undefined,
): number {
  const issuerEnd = issuer?.notAfter.getTime() ?? Infinity;
  if (start > issuerEnd) {
    throw new RangeError(
      `CertificateOptions.issuer: it expired at ${iso(issuerEnd)}, ` +
        `before the certificate's first moment ${iso(start)}`,
    );
  }
  if (validForMs === undefined) return Math.min(start + YEAR_MS, issuerEnd);
  if (typeof validForMs !== "number") {
    throw new TypeError(`CertificateOptions.validForMs: ${show(validForMs)} is not a number`);
  }
  if (!(validForMs >= SECOND_MS && validForMs < Infinity)) {
    throw new RangeError(
      `CertificateOptions.validForMs: ${validForMs} is not ${SECOND_MS} or more`,
    );
  }
  const end = wholeSeconds(start + validForMs);
  if (end > issuerEnd) {
    throw new RangeError(
      `CertificateOptions.validForMs: ${validForMs} leads beyond the issuer's end, ` +
        `which is ${issuerEnd - start} ms after the certificate's first moment`,
    );
  }
  return end;
}

function checkCommonName(value: unknown): string {
  if (typeof value !== "string") {
    throw new TypeError(`CertificateOptions.commonName: ${show(value)} is not a string`);
  }
  // Half a surrogate pair has no UTF-8; a control character has no place in a name.
  if (!/^[^\p{Cc}\p{Cs}]+$/u.test(value) || [...value].length > MAX_COMMON_NAME) {
    throw new RangeError(
      `CertificateOptions.commonName: ${show(value)} is not 1 to ${MAX_COMMON_NAME} characters`,
    );
  }
  return value;
}

function alternativeName(value: unknown): AlternativeName {
  if (typeof value !== "string") {
    throw new TypeError(`CertificateOptions.names: ${show(value)} is not a string`);
  }
  const version = value.includes("%") ? 0 : isIP(value);
  if (version === 4) return { type: "ip", value };
  // The library takes "::ffff:127.0.0.1" for another address.
  if (version === 6) {
    return { type: "ip", value: new URL(`http://[${value}]`).hostname.slice(1, -1) };
  }
  if (!isDnsName(value)) {
    throw new RangeError(
      `CertificateOptions.names: ${show(value)} is neither a DNS name nor an IP address`,
    );
  }
  return { type: "dns", value };
}

function isDnsName(name: string): boolean {
  const labels = name.replace(/^\*\./, "").split(".");
  // A number at the end makes it an address, to whoever compares names (RFC 1123, 2.1).
  return name.length <= MAX_DNS_NAME && labels.every((label) => LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "");
}

function checkUsages(usages: readonly unknown[]): CertificateUsage[] {
  if (usages.length === 0) {
    throw new RangeError("CertificateOptions.usages: at least one is needed");
  }
  const known = usages.map((usage) => oneOf("usages", usage, USAGES) as CertificateUsage);
  return [...new Set(known)];
}

function listOf(option: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`CertificateOptions.${option}: ${show(value)} is not an array`);
}

function oneOf(option: string, value: unknown, known: readonly string[]): string {
  if (typeof value !== "string") {
    throw new TypeError(`CertificateOptions.${option}: ${show(value)} is not a string`);
  }
  if (!known.includes(value)) {
    throw new RangeError(
      `CertificateOptions.${option}: ${show(value)} is not one of ${known.join(", ")}`,
    );
  }
  return value;
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / SECOND_MS) * SECOND_MS;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
