/** Changes to a resource, before and after they are made. */
import { type Diagnostic, DiagnosticsError, type Path } from "./diagnostics.ts";
import { type ObjectValue, toJson, UNKNOWN, type Value } from "./values.ts";

/** A resource as it is: what a host keeps until the next change. */
export interface ResourceState {
  readonly values: ObjectValue;
  /** What the provider keeps for itself. */
  readonly private: Uint8Array;
}

/** What a change does to a resource. */
export type Action = "create" | "update" | "replace" | "delete" | "none";

/** A change that was planned and can be applied. */
export interface Plan {
  readonly typeName: string;
  readonly action: Action;
  readonly prior: ResourceState | null;
  readonly config: ObjectValue | null;
  /** What the resource will be; `UNKNOWN` where that shows only then. Null if it is to go. */
  readonly planned: ObjectValue | null;
  readonly plannedPrivate: Uint8Array;
  /** What changes and cannot be changed without a new resource. */
  readonly requiresReplace: readonly Path[];
}

/** A change failed. */
export class ApplyError extends DiagnosticsError {
  /** What the resource is now, as far as the provider got. */
  readonly state: ResourceState | null;

  /** Sets what went wrong, and what there is now. */
  constructor(diagnostics: readonly Diagnostic[], state: ResourceState | null) {
    super(diagnostics);
    this.name = "ApplyError";
    this.state = state;
  }
}

/** Whether a change reaches what a path leads to. */
export function isChanged(before: Value, after: Value, path: Path): boolean {
  return valueText(before, path) !== valueText(after, path);
}

function valueText(root: Value, path: Path): string {
  let value: Value | undefined = root;
  for (const step of path) {
    const key = "key" in step ? step.key : step.attribute;
    const isThere: boolean = typeof value === "object" && value !== null &&
      Object.hasOwn(value, key);
    value = isThere ? (value as Record<string | number, Value>)[key] : undefined;
  }
  return value === UNKNOWN ? "unknown" : toJson(value ?? null);
}
