/** What a user does with the provider of examples/terraform-provider, from the first plan to the end. */
import { deepStrictEqual } from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Mismatch, type Report } from "./report.ts";
import { type Expected, Workspace, type WorkspaceOptions } from "./workspace.ts";

/** The last part of the provider's address. */
export const PROVIDER = "notes";

/** Larger than gRPC's own limit for a message. */
const LARGE_BYTES = 6_000_000;
const MANY = 60;

/** The start of every configuration. */
export const HEAD = `terraform {
  required_providers {
    notes = { source = "example.com/goplugin/notes" }
  }
}

provider "notes" {
  directory = "notes"
}
`;

const ONE = `${HEAD}
variable "text" { default = "first version" }
variable "name" { default = "Hello, World!" }

resource "notes_note" "one" {
  name   = provider::notes::slug(var.name)
  text   = var.text
  labels = { owner = "me" }
}

data "notes_index" "all" {
  prefix     = "hello"
  depends_on = [notes_note.one]
}

output "names" { value = data.notes_index.all.names }
output "one" { value = notes_note.one }
output "slug" { value = provider::notes::slug("Two", "more words") }
`;

const FOUND = `${HEAD}
resource "notes_note" "found" {
  name = "found"
  text = "by hand"
}
`;

const WRONG = `${HEAD}
resource "notes_note" "wrong" {
  name   = "No Such Name"
  labels = { "my owner" = "me" }
}
`;

const WRONG_ARGUMENT = `${HEAD}
output "slug" { value = provider::notes::slug("fine", "!?") }
`;

const TAKEN = `${HEAD}
resource "notes_note" "taken" {
  name = "found"
}
`;

const LARGE = `${HEAD}
resource "notes_note" "large" {
  name = "large"
  text = file("large.txt")
}

output "bytes" { value = notes_note.large.bytes }
`;

const MANY_NOTES = `${HEAD}
resource "notes_note" "many" {
  count = ${MANY}
  name  = "note-\${count.index}"
  text  = "text \${count.index}"
}

output "bytes" { value = sum(notes_note.many[*].bytes) }
`;

const NOTHING = HEAD;

/** Goes through the provider's whole life, a check for each command. */
export async function checkLife(report: Report, options: WorkspaceOptions): Promise<void> {
  const workspace = new Workspace({ ...options, provider: PROVIDER });
  try {
    await new Life(report, workspace).run();
  } finally {
    workspace.remove();
  }
}

class Life {
  readonly #report: Report;
  readonly #workspace: Workspace;

  constructor(report: Report, workspace: Workspace) {
    this.#report = report;
    this.#workspace = workspace;
  }

  async run(): Promise<void> {
    await this.#one();
    await this.#found();
    await this.#wrong();
    await this.#large();
    await this.#many();
    await this.#report.check("no process and no temporary file is left", async () => {
      await this.#workspace.requireNothingLeft();
    });
    this.#report.note(`${this.#workspace.started} processes of the provider`);
  }

  async #one(): Promise<void> {
    const workspace = this.#workspace;
    workspace.write("main.tf", ONE);
    await this.#tofu("validate", { prints: ["Success!"] });
    await this.#report.check("tofu providers schema: as the provider says it", async () => {
      const text = await workspace.expect(["providers", "schema", "-json"], {});
      const schema = JSON.parse(text).provider_schemas["example.com/goplugin/notes"];
      const { attributes } = schema.resource_schemas.notes_note.block;
      deepStrictEqual(Object.keys(attributes).sort(), [
        "bytes",
        "labels",
        "modified",
        "name",
        "text",
        "title",
      ]);
      deepStrictEqual(attributes.title, {
        type: "string",
        description: "The name, unless it is given.",
        description_kind: "plain",
        optional: true,
        computed: true,
      });
      deepStrictEqual(attributes.labels.type, ["map", "string"]);
      deepStrictEqual(Object.keys(schema.data_source_schemas), ["notes_index"]);
      deepStrictEqual(schema.functions.slug.return_type, "string");
    });
    await this.#tofu("plan -detailed-exitcode", {
      code: 2,
      prints: ['+ name = "hello-world"', "+ title = (known after apply)", "1 to add"],
    });
    await this.#tofu("apply -auto-approve", { prints: ["1 added, 0 changed, 0 destroyed"] });
    await this.#report.check("tofu output: resource, data source and function", async () => {
      const { names, one, slug } = await this.#outputs();
      deepStrictEqual(names, ["hello-world"]);
      deepStrictEqual(slug, "two-more-words");
      const { modified, ...rest } = one as Record<string, unknown>;
      deepStrictEqual(typeof modified, "string");
      deepStrictEqual(rest, {
        name: "hello-world",
        title: "hello-world",
        text: "first version",
        labels: { owner: "me" },
        bytes: 13,
      });
    });
    await this.#tofu("plan -detailed-exitcode", { prints: ["No changes."] });
    const second = { TF_VAR_text: "second version" };
    await this.#tofu("plan -detailed-exitcode", {
      code: 2,
      prints: [
        "~ bytes = 13 -> (known after apply)",
        '~ text = "first version" -> "second version"',
        "0 to add, 1 to change, 0 to destroy",
      ],
      lacks: ["~ title"],
    }, second);
    await this.#tofu("apply -auto-approve", { prints: ["0 added, 1 changed"] }, second);
    await this.#tofu("plan -detailed-exitcode", { prints: ["No changes."] }, second);
    workspace.write("notes/hello-world.json", '{"title":"by hand","text":"x","labels":null}');
    await this.#tofu("plan -detailed-exitcode", {
      code: 2,
      prints: ['~ text = "x" -> "second version"'],
    }, second);
    const renamed = { ...second, TF_VAR_name: "Hello again" };
    await this.#tofu("apply -auto-approve", {
      prints: ["# forces replacement", "1 added, 0 changed, 1 destroyed"],
    }, renamed);
    await this.#tofu("destroy -auto-approve", { prints: ["1 destroyed"] }, renamed);
    await this.#noteFiles([]);
  }

  async #found(): Promise<void> {
    const workspace = this.#workspace;
    workspace.write("main.tf", FOUND);
    workspace.write(
      "notes/found.json",
      '{"title":"Found","text":"by hand","labels":null,"modified":"2020-01-01T00:00:00.000Z"}',
    );
    await this.#tofu("import notes_note.found found", { prints: ["Import successful!"] });
    await this.#tofu("plan -detailed-exitcode", { prints: ["No changes."] });
    await this.#report.check("tofu state show: what was imported is complete", async () => {
      await workspace.expect(["state", "show", "notes_note.found"], {
        prints: ['title = "Found"', "bytes = 7", 'modified = "2020-01-01T00:00:00.000Z"'],
      });
    });
    await this.#tofu("import notes_note.found missing", {
      code: 1,
      prints: ["Resource already managed"],
    });
    await this.#tofu("state rm notes_note.found", { prints: ["Successfully removed"] });
    await this.#tofu("import notes_note.found missing", {
      code: 1,
      prints: ["Cannot import non-existent remote object"],
    });
  }

  async #wrong(): Promise<void> {
    const workspace = this.#workspace;
    workspace.write("main.tf", WRONG);
    await this.#tofu("plan", {
      code: 1,
      prints: [
        'Error: "No Such Name" cannot be the name of a note',
        'on main.tf line 12, in resource "notes_note" "wrong":',
        '12: name = "No Such Name"',
        "Small letters, digits and hyphens can",
        'Warning: The label "my owner" has a space in it',
        "on main.tf line 13",
      ],
    });
    workspace.write("main.tf", WRONG_ARGUMENT);
    await this.#tofu("plan", {
      code: 1,
      prints: [
        "Error: Error in function call",
        'nothing of "!?" can stand in a name',
        'provider::notes::slug("fine", "!?")',
      ],
    });
    // The file is there still: a create that fails leaves nothing in the state.
    workspace.write("main.tf", TAKEN);
    await this.#tofu("apply -auto-approve", {
      code: 1,
      prints: ['Error: There is a note "found" already', "on main.tf line 12"],
    });
    await this.#tofu("state list", { lacks: ["notes_note"] });
    rmSync(join(workspace.folder, "notes"), { recursive: true });
    mkdirSync(join(workspace.folder, "notes"));
  }

  async #large(): Promise<void> {
    const workspace = this.#workspace;
    workspace.write("large.txt", "0123456789abcdef".repeat(LARGE_BYTES / 16));
    workspace.write("main.tf", LARGE);
    await this.#tofu("apply -auto-approve", { prints: [`bytes = ${LARGE_BYTES}`] }, {}, "6 MB");
    await this.#tofu("plan -detailed-exitcode", { prints: ["No changes."] }, {}, "6 MB");
  }

  async #many(): Promise<void> {
    const workspace = this.#workspace;
    workspace.write("main.tf", MANY_NOTES);
    await this.#tofu("apply -auto-approve -parallelism=30", {
      prints: [`${MANY} added, 0 changed, 1 destroyed`, "bytes = 410"],
    });
    await this.#tofu("plan -detailed-exitcode -parallelism=30", { prints: ["No changes."] });
    await this.#noteFiles(Array.from({ length: MANY }, (_, i) => `note-${i}.json`).sort());
    workspace.write("main.tf", NOTHING);
    await this.#tofu("apply -auto-approve -parallelism=30", { prints: [`${MANY} destroyed`] });
    await this.#noteFiles([]);
  }

  async #tofu(
    command: string,
    expected: Expected,
    env: Readonly<Record<string, string>> = {},
    what = "",
  ): Promise<void> {
    const says = what || (expected.prints?.at(-1) ?? "");
    await this.#report.check(
      `tofu ${command}: ${says}`,
      () => this.#workspace.expect(command.split(" "), expected, env),
    );
  }

  async #outputs(): Promise<Record<string, unknown>> {
    const text = await this.#workspace.expect(["output", "-json"], {});
    const outputs = Object.entries(JSON.parse(text) as Record<string, { value: unknown }>);
    return Object.fromEntries(outputs.map(([name, { value }]) => [name, value]));
  }

  async #noteFiles(expected: readonly string[]): Promise<void> {
    const folder = join(this.#workspace.folder, "notes");
    await this.#report.check(`${expected.length} files of notes`, () => {
      const names = existsSync(folder) ? readdirSync(folder).sort() : [];
      if (names.join() === expected.join()) return Promise.resolve();
      throw new Mismatch(expected.join("\n"), names.join("\n"));
    });
  }
}
