/** What a user is told when something is wrong, with the place in the configuration. */
import type { DiagnosticMessage, Diagnostics, StepMessage } from "./protocol.ts";

/** Leads to an attribute and further in: `["labels", "owner"]`, `["names", 0]`. */
export type Path = readonly [attribute: string, ...elements: (string | number)[]];

/** What a {@linkcode Problem} has beside its summary. */
export interface ProblemOptions {
  /** Sentences on what to do about it. */
  readonly detail?: string;
  /** The attribute that is to blame; the host shows its line. */
  readonly path?: Path;
  /** A warning stops nothing. @default {"ERROR"} */
  readonly severity?: "ERROR" | "WARNING";
}

/** Something that the user should know: thrown, or listed by `validate`. */
export class Problem extends Error {
  readonly options: ProblemOptions;

  constructor(summary: string, options: ProblemOptions = {}) {
    super(summary);
    this.name = "Problem";
    this.options = options;
  }
}

/** An argument that a function cannot take; the host marks it. */
export class ArgumentProblem extends Error {
  readonly index: number;

  constructor(index: number, text: string) {
    super(text);
    this.name = "ArgumentProblem";
    this.index = index;
  }
}

/** A path as the wire wants it. */
export function attributePath([attribute, ...elements]: Path): { steps: StepMessage[] } {
  const steps = elements.map((element) =>
    typeof element === "number" ? { elementKeyInt: element } : { elementKeyString: element }
  );
  return { steps: [{ attributeName: attribute }, ...steps] };
}

/** Problems, or whatever else was thrown, as the wire wants them. */
export function diagnosticsOf(thrown: readonly unknown[]): Diagnostics {
  return { diagnostics: thrown.map(diagnosticOf) };
}

function diagnosticOf(thrown: unknown): DiagnosticMessage {
  const { detail = "", path, severity = "ERROR" }: ProblemOptions = thrown instanceof Problem
    ? thrown.options
    : {};
  return {
    severity,
    summary: thrown instanceof Error ? thrown.message : String(thrown),
    detail,
    ...(path !== undefined && { attribute: attributePath(path) }),
  };
}
