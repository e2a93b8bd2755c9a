/** The deadline of a call in `grpc-timeout`. Source: gRPC `doc/PROTOCOL-HTTP2.md`, "Timeout". */

const UNITS_MS: Readonly<Record<string, number>> = {
  n: 1e-6,
  u: 1e-3,
  m: 1,
  S: 1_000,
  M: 60_000,
  H: 3_600_000,
};

/** A value has at most eight digits. */
const LIMIT = 100_000_000;

/** Writes a time in milliseconds, rounded up, in the finest unit that holds it. */
export function formatTimeout(timeoutMs: number): string {
  const whole = Math.max(1, Math.ceil(timeoutMs));
  if (whole < LIMIT) return `${whole}m`;
  for (const unit of ["S", "M", "H"]) {
    const value = Math.ceil(whole / (UNITS_MS[unit] as number));
    if (value < LIMIT) return value + unit;
  }
  return `${LIMIT - 1}H`;
}

/** Reads a time in milliseconds; `undefined` if it is malformed. */
export function parseTimeout(field: string): number | undefined {
  const parts = /^(\d{1,8})([numSMH])$/.exec(field);
  return parts === null ? undefined : Number(parts[1]) * (UNITS_MS[parts[2] as string] as number);
}
