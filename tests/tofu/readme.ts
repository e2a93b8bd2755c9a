/** The README of examples/terraform-provider, followed to the letter from an empty folder. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { PROJECT_ROOT } from "../helpers/cache.ts";
import { runLong } from "../helpers/run.ts";
import { Mismatch, type Report } from "./report.ts";

const README = join(PROJECT_ROOT, "examples/terraform-provider/README.md");
const LIMIT_MS = 120_000;

/** A file to be made, or a command to be run. */
type Step =
  | { readonly file: string; readonly text: string }
  | { readonly command: string };

/** What a reader does, in order; up to where the README speaks of other folders. */
function steps(readme: string): Step[] {
  const [text = ""] = readme.split(/^## A project of your own$/m);
  const pattern = /^```\w+\n((?:#!.*\n)?# ([\w.-]+).*\n[^]*?)^```$|^ {4}([a-z(].*)$/gm;
  return [...text.matchAll(pattern)].map(([, body = "", file, command]): Step =>
    file === undefined ? { command: command ?? "" } : { file, text: body }
  ).filter((step) => "file" in step || !/^names = /.test(step.command));
}

/** Follows the README, a check for each step. */
export async function checkReadme(report: Report, tofu: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tofu-readme-"));
  const bin = join(folder, "bin");
  const empty = join(folder, "empty");
  for (const path of [bin, empty]) mkdirSync(path);
  symlinkSync(tofu, join(bin, "tofu"));
  // No link: the `deno` in front of this may be a script.
  writeFileSync(join(bin, "deno"), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
  const env: Record<string, string> = {
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    NO_COLOR: "1",
    CHECKPOINT_DISABLE: "1",
    TF_CLI_ARGS: "-no-color",
  };
  const place = (text: string) =>
    text.replaceAll("/path/to/goplugin", PROJECT_ROOT.replace(/\/$/, ""))
      .replaceAll("/path/to/this/folder", empty);
  try {
    for (const step of steps(readFileSync(README, "utf8"))) {
      if ("file" in step) {
        const path = join(empty, step.file);
        writeFileSync(path, place(step.text));
        // A script that takes another's place has its permissions.
        if (step.text.startsWith("#!")) chmodSync(path, 0o755);
        continue;
      }
      const [, name, value] = step.command.match(/^export (\w+)=(.*)$/) ?? [];
      if (name !== undefined && value !== undefined) {
        env[name] = value;
        continue;
      }
      const title = step.command.length < 60 ? step.command : `${step.command.slice(0, 60)}…`;
      await report.check(title, async () => {
        const { code, stdout, stderr } = await runLong(["sh", "-c", place(step.command)], {
          cwd: empty,
          env,
        }, LIMIT_MS);
        const printed = `${stdout}\n${stderr}`;
        if (code !== 0) throw new Mismatch("exit code 0", printed);
        const isApply = step.command.startsWith("tofu apply");
        if (isApply && !stdout.trimEnd().endsWith('names = tolist([\n  "hello-world",\n])')) {
          throw new Mismatch("the names of notes", printed);
        }
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
