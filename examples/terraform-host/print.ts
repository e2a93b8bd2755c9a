/** What the user sees: schemas, plans and values as text. */
import type { Action, Plan } from "./change.ts";
import { formatPath } from "./diagnostics.ts";
import type { Provider } from "./provider.ts";
import type { Attribute, Block, FunctionSignature, Schema } from "./schema.ts";
import { describeType } from "./types.ts";
import { Dynamic, isEqual, type ObjectValue, UNKNOWN, type Value } from "./values.ts";

const PLANNED: Record<Action, string> = {
  create: "will be created",
  update: "will be changed",
  replace: "will be destroyed and created anew",
  delete: "will be destroyed",
  none: "is as configured",
};

const DONE: Record<Action, string> = {
  create: "was created",
  update: "was changed",
  replace: "was destroyed and created anew",
  delete: "was destroyed",
  none: "stays as it was",
};

/** Everything that a provider offers. */
export function formatOffer(provider: Provider): string {
  const { resources, dataSources, functions } = provider.schema;
  const summaries = (schemas: Readonly<Record<string, Schema>>, prefix = "") =>
    Object.entries(schemas).map(([name, { block }]) => [prefix + name, block.description] as const);
  const signatures = Object.entries(functions).map(([name, signature]) =>
    [`function.${name}${formatParameters(signature)}`, signature.summary] as const
  );
  const connection = provider.isEncrypted ? "certificates on both sides" : "no certificate";
  return [
    `Protocol ${provider.protocolVersion}, ${connection}`,
    section("Resources", summaries(resources)),
    section("Data sources", summaries(dataSources, "data.")),
    section("Functions", signatures),
  ].join("\n\n");
}

function section(title: string, rows: readonly (readonly [name: string, text: string])[]): string {
  if (rows.length === 0) return `${title}: none`;
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.toSorted(byName).map(([name, text]) =>
    `  ${name.padEnd(width)}  ${firstSentence(text)}`.trimEnd()
  );
  return [title, ...lines].join("\n");
}

function formatParameters({ parameters, variadic, result }: FunctionSignature): string {
  const all = parameters.map(({ name }) => name);
  if (variadic !== undefined) all.push(`${variadic.name}…`);
  // The names of an object's fields would not fit on the line.
  const kind = typeof result === "string" ? describeType(result) : result[0];
  return `(${all.join(", ")}) ${kind}`;
}

/** What can be set in a block and what the provider fills in. */
export function formatBlock(block: Block, indent = "  "): string {
  const attributes = Object.entries(block.attributes).toSorted(byName);
  const lines = attributes.flatMap(([name, attribute]) => {
    const text = attribute.nested === undefined
      ? describeType(attribute.type)
      : attribute.nested.nesting;
    const line = `${indent}${name}: ${text}, ${uses(attribute)}`;
    const about = firstSentence(attribute.description);
    return [
      ...about === "" ? [line] : [line, `${indent}    ${about}`],
      ...attribute.nested === undefined
        ? []
        : [formatBlock(attribute.nested.block, `${indent}    `)],
    ];
  });
  const blocks = Object.entries(block.blocks).toSorted(byName);
  const nested = blocks.flatMap(([name, { nesting, block, minItems }]) => [
    `${indent}${name}: ${nesting === "single" ? "" : `${nesting} of `}block${
      minItems > 0 ? ", required" : ""
    }`,
    formatBlock(block, `${indent}    `),
  ]);
  return [...lines, ...nested].filter((line) => line !== "").join("\n");
}

function uses({ isRequired, isOptional, isComputed, isSensitive }: Attribute): string {
  return [
    isRequired && "required",
    isOptional && "optional",
    isComputed && "computed",
    isSensitive && "sensitive",
  ].filter(Boolean).join(", ");
}

/** What a plan changes. */
export function formatPlan(plan: Plan, block: Block): string {
  const { typeName, action, prior, planned, requiresReplace } = plan;
  const title = `${typeName} ${PLANNED[action]}`;
  if (action === "none") return title;
  const forcing = new Set(requiresReplace.map((path) => formatPath(path.slice(0, 1))));
  const before = prior?.values ?? {};
  const after = planned ?? {};
  const changed = Object.entries(block.type[1]).filter(([name, type]) =>
    (isThere(block, name, before[name]) || isThere(block, name, after[name])) &&
    !isEqual(type, before[name] ?? null, after[name] ?? null)
  ).map(([name]) => name).toSorted();
  const width = Math.max(0, ...changed.map((name) => name.length));
  const lines = changed.map((name) => {
    const old = formatIn(block, name, before[name] ?? null);
    const value = formatIn(block, name, after[name] ?? null);
    const text = prior === null ? value : planned === null ? old : `${old} -> ${value}`;
    const sign = prior === null ? "+" : planned === null ? "-" : "~";
    const reason = forcing.has(name) ? "  # only in a new resource" : "";
    return `  ${sign} ${name.padEnd(width)} = ${text}${reason}`;
  });
  return [title, ...lines].join("\n");
}

/** What a change came to. */
export function formatOutcome(plan: Plan, values: ObjectValue | null, block: Block): string {
  const title = `${plan.typeName} ${DONE[plan.action]}`;
  return values === null ? title : `${title}\n${formatValues(values, block)}`;
}

/** The values of a resource or a data source that are there. */
export function formatValues(values: ObjectValue, block: Block): string {
  const rows = Object.entries(values).filter(([name, value]) => isThere(block, name, value))
    .toSorted(byName);
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `    ${name.padEnd(width)} = ${formatIn(block, name, value)}`)
    .join("\n");
}

/** Null is nothing to show; nor are blocks of which there is none. */
function isThere(block: Block, name: string, value: Value | undefined): boolean {
  if (value === null || value === undefined) return false;
  return typeof value !== "object" || !Object.hasOwn(block.blocks, name) ||
    Object.keys(value).length > 0;
}

function formatIn(block: Block, name: string, value: Value): string {
  if (value !== null && block.attributes[name]?.isSensitive) return "(sensitive value)";
  return formatValue(value);
}

/** A value as Terraform's language writes it. */
export function formatValue(value: Value): string {
  if (value === UNKNOWN) return "(known after apply)";
  if (value instanceof Dynamic) return formatValue(value.value);
  if (Array.isArray(value)) return `[${value.map(formatValue).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const there = Object.entries(value).filter(([, each]) => each !== null);
    const fields = there.map(([name, each]) =>
      `${/^[\w-]+$/.test(name) ? name : JSON.stringify(name)} = ${formatValue(each)}`
    );
    return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
  }
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}

/** What a line has room for, without links. */
function firstSentence(text: string): string {
  const plain = text.trim().replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  const sentence = plain.split(/(?<=\.)\s+(?=[A-Z])|\n/)[0] ?? "";
  return sentence.length <= 80 ? sentence : `${sentence.slice(0, 79).trimEnd()}…`;
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}
