/** Finds what breaks the rules of ARCHITECTURE.md in a set of sources. For Deno: it parses with TypeScript. */
import { posix } from "node:path";
import ts from "typescript";

/** A source file. */
export interface Source {
  /** Its path from the project's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** The rooms, lowest floor first; rooms of one floor do not know each other. */
const FLOORS = [
  ["errors"],
  ["wire", "protobuf"],
  ["logging"],
  ["runtime"],
  ["mux", "http2"],
  ["grpc"],
  ["transport"],
  ["rpc"],
  ["host", "plugin"],
  ["testing"],
  ["host.ts", "plugin.ts"],
  ["mod.ts", "testing.ts"],
];

/** Modules that only one room may import. */
const DOORS = [
  { room: "runtime", modules: /^(node:)?(child_process|process|fs)(\/|$)/ },
  { room: "rpc", modules: /^(npm:\/?)?@grpc\// },
];

/** Where the names lead that deno.json gives our own modules. */
const OWN_NAMES: Record<string, string> = {
  "@x/goplugin": "mod.ts",
  "@x/goplugin/host": "host.ts",
  "@x/goplugin/plugin": "plugin.ts",
  "@x/goplugin/testing": "testing.ts",
};

const MAX_LINES = 400;
/** Written by a program, for a program. */
const MAY_BE_LONG = ["src/rpc/descriptors.ts"];

/** Names each breach of a rule, with file and line. */
export function findFaults(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => [...isTest(source.path) ? [] : shape(source), ...code(source)])
    .sort();
}

function isTest(path: string): boolean {
  return path.startsWith("tests/");
}

/** The rules for names, lengths and kinds of files. */
function* shape(source: Source): Generator<string> {
  const { path, text } = source;
  if (floorOf(roomOf(path)) < 0) yield `${path}: is in no room`;
  if (!path.startsWith("src/")) {
    const isList = parse(source).statements.every(ts.isExportDeclaration);
    if (!isList) yield `${path}: holds more than exports`;
    return;
  }
  if (/\/(mod|utils)\.ts$/.test(path)) yield `${path}: a file is named for what it does`;
  const lines = text.trimEnd().split("\n").length;
  if (lines > MAX_LINES && !MAY_BE_LONG.includes(path)) {
    yield `${path}: has ${lines} lines, ${MAX_LINES} are enough`;
  }
}

/** The rules for imports, and for saying `Deno`. */
function* code(source: Source): Generator<string> {
  const { path } = source;
  const room = roomOf(path);
  for (const { specifier, line } of importsOf(source)) {
    const at = `${path}:${line}`;
    if (/^(jsr:|@std\/)/.test(specifier)) yield `${at}: imports ${specifier}, which npm lacks`;
    if (isTest(path)) continue;
    const door = DOORS.find(({ modules }) => modules.test(specifier));
    if (door && door.room !== room) yield `${at}: only ${door.room}/ imports ${specifier}`;
    const target = targetOf(path, specifier);
    if (target !== undefined && !mayImport(room, roomOf(target))) {
      yield `${at}: ${room} imports ${roomOf(target)}`;
    }
  }
  if (isTest(path) || room === "runtime") return;
  for (const line of linesSayingDeno(source)) yield `${path}:${line}: only runtime/ says Deno`;
}

/** The room a file belongs to: `wire`, `errors`, `mod.ts`; its path if it is in none. */
function roomOf(path: string): string {
  return path.match(/^src\/(\w+)(\/|\.ts$)/)?.[1] ?? path;
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room));
}

function mayImport(room: string, other: string): boolean {
  const floor = floorOf(other);
  return room === other || (floor >= 0 && floor < floorOf(room));
}

/** The file of ours that an import leads to. */
function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(path), specifier);
  return OWN_NAMES[specifier];
}

/** Every import of a file: static, dynamic, of types, and `export … from`. */
export function importsOf(source: Source): { specifier: string; line: number }[] {
  const imports: { specifier: string; line: number }[] = [];
  const found = (node: ts.Node | undefined, line: number) => {
    if (node === undefined) return;
    if (ts.isLiteralTypeNode(node)) return found(node.literal, line);
    const specifier = ts.isStringLiteralLike(node) ? node.text : `(${node.getText()})`;
    imports.push({ specifier, line });
  };
  visit(source, (node, line) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      found(node.moduleSpecifier, line);
    } else if (ts.isImportTypeNode(node)) {
      found(node.argument, line);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      found(node.arguments[0], line);
    }
  });
  return imports;
}

function linesSayingDeno(source: Source): number[] {
  const lines: number[] = [];
  visit(source, (node, line) => {
    if (ts.isIdentifier(node) && node.text === "Deno") lines.push(line);
  });
  return lines;
}

/** The names that an entry file exports by a list, types apart from values. */
export function listedExports(source: Source): { values: string[]; types: string[] } {
  const values: string[] = [];
  const types: string[] = [];
  visit(source, (node) => {
    if (!ts.isExportSpecifier(node)) return;
    const isType = node.isTypeOnly || node.parent.parent.isTypeOnly;
    (isType ? types : values).push(node.name.text);
  });
  return { values: values.sort(), types: types.sort() };
}

function parse({ path, text }: Source): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

function visit(source: Source, look: (node: ts.Node, line: number) => void): void {
  const file = parse(source);
  const step = (node: ts.Node): void => {
    look(node, file.getLineAndCharacterOfPosition(node.getStart()).line + 1);
    ts.forEachChild(node, step);
  };
  step(file);
}
