/** Links and anchors inside the documentation lead somewhere. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { anchorsOf, faultOf, linksOf, pages, readPage } from "./markdown.ts";

test("every link between the pages leads to a file, and its anchor to a heading", () => {
  const links = pages().flatMap((path) =>
    linksOf(readPage(path)).map((link) => [link, path] as const)
  );
  ok(links.length > 40, String(links.length));
  const faults = links.map(([link, from]) => faultOf(link, from));
  deepStrictEqual(faults.filter((fault) => fault !== undefined), []);
});

test("docs/README.md lists every page of docs/", () => {
  const listed = new Set(linksOf(readPage("docs/README.md")).map((link) => link.split("#")[0]));
  const own = pages().filter((path) => /^docs\/[^/]+\.md$/.test(path))
    .map((path) => path.slice("docs/".length)).filter((name) => name !== "README.md");
  deepStrictEqual(own.filter((name) => !listed.has(name)), []);
});

test("anchorsOf() makes them as GitHub does", () => {
  const page =
    "# A `b-c`, d\n\n```sh\n# not one\n```\n\n## Über [x](y.md): 1.5\n\n## A b-c d\n## E\n## E\n";
  deepStrictEqual([...anchorsOf(page)], ["a-b-c-d", "über-x-15", "a-b-c-d-1", "e", "e-1"]);
});

test("faultOf() names a link that leads nowhere", () => {
  strictEqual(faultOf("#errors", "docs/errors.md"), undefined);
  match(faultOf("#nothing", "docs/errors.md") ?? "", /has no such heading/);
  match(faultOf("nothing.md", "docs/errors.md") ?? "", /there is no docs.nothing.md/);
  deepStrictEqual(linksOf("[a](b.md#c) `[d](e.md)` [f](https://example.com) ![g](h.svg)"), [
    "b.md#c",
    "h.svg",
  ]);
});
