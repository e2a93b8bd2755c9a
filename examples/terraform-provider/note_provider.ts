/** The provider: its configuration, a resource, a data source and a function. */
import { type Note, NoteStore } from "./notes.ts";
import { ArgumentProblem, Problem } from "./problem.ts";
import type { DataSource, ProviderDefinition, ProviderFunction, Resource } from "./provider.ts";

type Settings = { directory: string };

/** `notes_note`: one note. */
const note: Resource<Note, NoteStore> = {
  description: "A note in a file.",
  attributes: {
    name: {
      type: "string",
      required: true,
      replaces: true,
      description: "The name of the file, without `.json`.",
    },
    title: {
      type: "string",
      optional: true,
      computed: true,
      stays: true,
      description: "The name, unless it is given.",
    },
    text: { type: "string", optional: true, description: "What the note says." },
    labels: { type: ["map", "string"], optional: true, description: "Anything else about it." },
    bytes: { type: "number", computed: true, description: "The length of the text." },
    modified: { type: "string", computed: true, description: "When the file was written." },
  },
  validate({ name, labels }) {
    const problems: Problem[] = [];
    if (typeof name === "string" && !/^[a-z0-9-]+$/.test(name)) {
      problems.push(
        new Problem(`"${name}" cannot be the name of a note`, {
          detail:
            "Small letters, digits and hyphens can; the function slug makes a name of a text.",
          path: ["name"],
        }),
      );
    }
    for (const label of Object.keys(labels ?? {}).filter((label) => /\s/.test(label))) {
      problems.push(
        new Problem(`The label "${label}" has a space in it`, {
          path: ["labels", label],
          severity: "WARNING",
        }),
      );
    }
    return problems;
  },
  async create(planned, notes) {
    const name = planned.name ?? "";
    if (await notes.read(name) !== null) {
      throw new Problem(`There is a note "${name}" already`, {
        detail: `To manage that one: tofu import notes_note.NAME ${name}`,
        path: ["name"],
      });
    }
    return notes.write({ ...planned, name, title: planned.title ?? name });
  },
  read: ({ name }, notes) => notes.read(name),
  update: (planned, { name }, notes) =>
    notes.write({ ...planned, name, title: planned.title ?? name }),
  delete: ({ name }, notes) => notes.remove(name),
  import: (id) => ({ name: id }),
};

/** `notes_index`: which notes there are. */
const index: DataSource<{ prefix: string | null; names: string[] }, NoteStore> = {
  description: "The notes in the directory.",
  attributes: {
    prefix: { type: "string", optional: true, description: "Only names that begin so." },
    names: { type: ["list", "string"], computed: true, description: "Their names, in order." },
  },
  async read({ prefix }, notes) {
    return { prefix, names: await notes.names(prefix ?? "") };
  },
};

/** `provider::notes::slug("Hello, world")` is `hello-world`. */
const slug: ProviderFunction = {
  summary: "Makes the name of a note of a text",
  description: "Joins the texts, in small letters, with a hyphen for everything else.",
  parameters: [{ name: "text", type: "string", description: "Any text." }],
  variadic: { name: "more", type: "string", description: "More texts." },
  returns: "string",
  call(...texts: string[]) {
    const words = texts.map((text, index) => {
      const word = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
      if (word === "") throw new ArgumentProblem(index, `nothing of "${text}" can stand in a name`);
      return word;
    });
    return words.join("-");
  },
};

/** The whole of it. */
export const noteProvider: ProviderDefinition<Settings, NoteStore> = {
  description: "Notes, each a file in a directory.",
  attributes: {
    directory: { type: "string", required: true, description: "Where the files are." },
  },
  validate({ directory }) {
    if (directory !== "") return [];
    return [new Problem("The directory has no name", { path: ["directory"] })];
  },
  configure: ({ directory }) => new NoteStore(directory ?? "."),
  resources: { notes_note: note },
  dataSources: { notes_index: index },
  functions: { slug },
};
