/** What is wrong with a configuration or went wrong with a change, and where. */
import type { WireDiagnostic, WirePath } from "./protocol.ts";

/** The way to a value: names of attributes and keys of maps, and indexes. */
export type Path = readonly (PathStep)[];

/** A step of it: an attribute, or a key or an index in a collection. */
export type PathStep = { readonly attribute: string } | { readonly key: string | number };

/** An error or a warning. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail: string;
  /** Where it is, if it is in one place. */
  readonly path: Path;
}

/** A provider refuses something, or this host refuses it in the provider's name. */
export class DiagnosticsError extends Error {
  /** At least one error. Warnings go elsewhere. */
  readonly diagnostics: readonly Diagnostic[];

  /** Takes the message from the diagnostics. */
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join("\n\n"));
    this.name = "DiagnosticsError";
    this.diagnostics = diagnostics;
  }
}

/** Hands the warnings on and returns the errors. */
export function reportWarnings(
  wire: readonly WireDiagnostic[],
  report: (warning: Diagnostic) => void,
): Diagnostic[] {
  const all = wire.map(readDiagnostic);
  for (const each of all) if (each.severity === "warning") report(each);
  return all.filter(({ severity }) => severity === "error");
}

/**
 * Hands the warnings on.
 *
 * @throws {DiagnosticsError} If there are errors.
 */
export function throwErrors(
  wire: readonly WireDiagnostic[],
  report: (warning: Diagnostic) => void,
): void {
  const errors = reportWarnings(wire, report);
  if (errors.length > 0) throw new DiagnosticsError(errors);
}

function readDiagnostic(wire: WireDiagnostic): Diagnostic {
  return {
    severity: wire.severity === "WARNING" ? "warning" : "error",
    summary: wire.summary,
    detail: wire.detail,
    path: readPath(wire.attribute),
  };
}

/** Reads a path. */
export function readPath(wire: WirePath | null): Path {
  return (wire?.steps ?? []).map((step) => {
    switch (step.selector) {
      case "elementKeyInt":
        return { key: Number(step.elementKeyInt) };
      case "elementKeyString":
        return { key: step.elementKeyString ?? "" };
      default:
        return { attribute: step.attributeName ?? "" };
    }
  });
}

/** A path as Terraform's language writes it: `rule[0].ports["http"]`. */
export function formatPath(path: Path): string {
  return path.map((step, i) =>
    "key" in step ? `[${JSON.stringify(step.key)}]` : `${i === 0 ? "" : "."}${step.attribute}`
  ).join("");
}

/** A diagnostic as lines of text. */
export function formatDiagnostic({ severity, summary, detail, path }: Diagnostic): string {
  const title = severity === "error" ? "Error" : "Warning";
  const place = path.length === 0 ? [] : [`  at ${formatPath(path)}`];
  const text = detail.trim() === "" ? [] : ["", ...detail.trim().split("\n")];
  return [`${title}: ${summary}`, ...place, ...text.map((line) => line && `  ${line}`)].join("\n");
}
