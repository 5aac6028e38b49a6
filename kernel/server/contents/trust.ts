import { createHmac, randomBytes } from "node:crypto";
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

type Json = Readonly<Record<string, unknown>>;

/**
 * Which notebooks' outputs this user made. Others' may carry scripts, so the interface shows their HTML cleaned until the
 * user has run the cells or trusted the notebook.
 */
export interface Trust {
  /** The notebook with `trusted` in the metadata of its code cells. */
  mark(notebook: Json): Json;
  /** Remembers a saved notebook whose cells the interface says are all trusted. */
  remember(notebook: Json): void;
  /** The user's word for a notebook. */
  trust(notebook: Json): void;
}

type Cell = Json & { readonly cell_type: "code" };

const isCodeCell = (cell: unknown): cell is Cell =>
  typeof cell === "object" && cell !== null && (cell as Json)["cell_type"] === "code";

const codeCells = (notebook: Json): readonly Cell[] =>
  ((notebook["cells"] ?? []) as readonly unknown[]).filter(isCodeCell);

/** Texts as one string, whether the notebook has them as lists of lines or not: both forms have one signature. */
function joined(value: unknown): unknown {
  if (Array.isArray(value)) return value.every((each) => typeof each === "string") ? value.join("") : value.map(joined);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.filter(([key]) => key !== "trusted").map(([key, each]) => [key, joined(each)]);
}

function readKey(file: string): Buffer {
  if (existsSync(file)) return readFileSync(file);
  const key = randomBytes(32);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, key, { mode: 0o600 });
  chmodSync(file, 0o600);
  return key;
}

/** Signatures kept; the file is written anew with the younger half when there are more. */
const capacity = 20_000;

/** @param folder holds the key and the signatures */
export function openTrust(folder: string): Trust {
  const file = join(folder, "trusted-notebooks");
  const key = readKey(join(folder, "trust-key"));
  const known = new Set(existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : []);
  if (known.size > capacity) {
    const younger = [...known].slice(-capacity / 2);
    writeFileSync(file, `${younger.join("\n")}\n`);
  }
  const signature = (notebook: Json): string =>
    createHmac("sha256", key)
      .update(JSON.stringify(codeCells(notebook).map(({ source, outputs }) => joined({ source, outputs }))))
      .digest("hex");

  function add(notebook: Json): void {
    const mark = signature(notebook);
    if (known.has(mark)) return;
    known.add(mark);
    appendFileSync(file, `${mark}\n`, { mode: 0o600 });
  }

  /** Nothing of a cell without outputs needs trust. */
  const hasOutputs = ({ outputs }: Cell): boolean => Array.isArray(outputs) && outputs.length > 0;

  return {
    mark(notebook) {
      const trusted = known.has(signature(notebook));
      const cells = (notebook["cells"] as readonly unknown[]).map((cell) =>
        isCodeCell(cell)
          ? { ...cell, metadata: { ...(cell["metadata"] as Json), trusted: trusted || !hasOutputs(cell) } }
          : cell,
      );
      return { ...notebook, cells };
    },
    remember(notebook) {
      const all = codeCells(notebook).every((cell) => (cell["metadata"] as Json | undefined)?.["trusted"] === true);
      if (all) add(notebook);
    },
    trust: add,
  };
}
