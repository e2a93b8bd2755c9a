/** What the tests read out of a Markdown page: blocks of code, anchors, links, printed outputs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { PROJECT_ROOT } from "../helpers/cache.ts";

/** A fenced block. */
export interface Block {
  /** What stands behind the fence. */
  readonly language: string;
  /** The file that its first line names, as in `// host.ts` or `// kv.ts: what both share`. */
  readonly file?: string;
  /** Its text, without the line that names the file. */
  readonly text: string;
  /** The line of the page on which it begins, from 1. */
  readonly line: number;
}

/** What a page says that a command prints. */
export interface Printed {
  /** The arguments of `deno run`, such as `-A host.ts`. */
  readonly args: readonly string[];
  /** What it prints, without the last line break. */
  readonly output: string;
}

/** The pages that strangers read, by their paths from the project's root. */
export function pages(): string[] {
  const inside = (folder: string) =>
    readdirSync(join(PROJECT_ROOT, folder), { recursive: true }).map(String)
      .filter((name) => name.endsWith(".md")).map((name) => `${folder}/${name}`);
  return ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", ...inside("docs"), ...inside("examples")]
    .sort();
}

/** The text of a page. */
export function readPage(path: string): string {
  return readFileSync(join(PROJECT_ROOT, path), "utf8");
}

/** The fenced blocks of a page, in their order. */
export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```([\w-]*)[^\n]*\n([\s\S]*?)^```$/gm)].map((found) => {
    const [, language = "", text = ""] = found;
    const named = text.match(/^(?:\/\/|#) ([\w./-]+\.\w+)(?:: .*)?\n/);
    const line = page.slice(0, found.index).split("\n").length;
    return named === null
      ? { language, text, line }
      : { language, file: named[1] as string, text: text.slice(named[0].length), line };
  });
}

/** The programs of a page by the files that they name. */
export function programsOf(page: string): Map<string, string> {
  const named = blocksOf(page).filter(({ file }) => file !== undefined);
  return new Map(named.map(({ file = "", text }) => [file, text]));
}

/** The places that say `deno run … prints`, with the block or the words in code that follow. */
export function printedBy(page: string): Printed[] {
  const places = page.matchAll(
    /`deno run ([^`]+)`\s+prints,?\s+(?:`([^`]+)`|```\w*\n([\s\S]*?)\n```)/g,
  );
  return [...places].map(([, args = "", inline, block]) => ({
    args: args.split(/\s+/),
    output: inline ?? block ?? "",
  }));
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  const prose = page.replaceAll(/^```[\s\S]*?^```$/gm, "");
  for (const [, heading = ""] of prose.matchAll(/^#{1,6} +(.+?)\s*$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** What a page links to, apart from the web: texts such as `docs/host.md#start`. */
export function linksOf(page: string): string[] {
  const prose = page.replaceAll(/^```[\s\S]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Why a link leads nowhere, or `undefined`. */
export function faultOf(link: string, from: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? from : normalize(join(dirname(from), path));
  if (!existsSync(join(PROJECT_ROOT, target))) return `${from}: ${link}: there is no ${target}`;
  if (anchor === undefined) return undefined;
  if (anchorsOf(readPage(target)).has(anchor)) return undefined;
  return `${from}: ${link}: ${target} has no such heading`;
}
