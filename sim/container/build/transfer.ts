import { encodeUtf8, UsageError, type Activity } from "../../core/index.js";
import { digestOf } from "../image/digest.js";
import { fileEntry, gunzip, type TarEntry } from "../../userland/index.js";
import type { ExecutionConfig } from "../image/oci.js";
import { archiveIn, contextOf, resolved, type FileSet } from "./file-set.js";
import type { InstructionOf } from "./instruction.js";
import { select } from "./selection.js";
import { absolute, modeOf, ownerIn } from "./settings.js";
import { expandContent, expandWord, type Lookup } from "./words.js";
import type { BuildWorker } from "./worker.js";

export interface TransferContext {
  /** What is copied from. */
  readonly source: FileSet;
  /** What is there already. */
  readonly there: FileSet;
  readonly config: ExecutionConfig;
  readonly escape: string;
  readonly lookup: Lookup;
  readonly fetch: BuildWorker["fetch"];
}

/** What COPY or ADD puts into an image, and how history tells of it. */
export interface Transferred {
  readonly text: string;
  readonly entries: readonly TarEntry[];
}

/**
 * The files that COPY or ADD makes a layer of. No container is needed: what is there already says where they go.
 * @throws UsageError in Docker's words
 */
export function* transferred(
  instruction: InstructionOf<"COPY" | "ADD">,
  { source, there, config, escape, lookup, fetch }: TransferContext,
): Activity<Transferred> {
  const { keyword, line, inline, exclude, parents, from, checksum } = instruction;
  const word = (text: string): string => expandWord(text, escape, lookup);
  const said = word(instruction.destination);
  const slash = said.endsWith("/") ? "/" : "";
  const place = resolved(there, absolute(said, config));
  const files = new Map(source);
  for (const { name, content, expand } of inline)
    files.set(name, fileEntry(name, encodeUtf8(expand ? expandContent(content, escape, lookup) : content)));
  const sources: string[] = [];
  const archives: TarEntry[] = [];
  for (const one of instruction.sources.map(word)) {
    if (keyword === "ADD" && /^https?:\/\//.test(one)) {
      const entry = yield* fetched(one, fetch, checksum);
      files.set(entry.name, entry);
      sources.push(entry.name);
      continue;
    }
    const entry = keyword === "ADD" ? files.get(resolved(files, one)) : undefined;
    const unpacked = entry === undefined ? undefined : archiveIn(entry, gunzip);
    if (unpacked === undefined) sources.push(one);
    else archives.push(...contextOf(unpacked).values());
  }
  const isDirectory = place === "" || there.get(place)?.type === "directory";
  const selection = { keyword, sources, exclude: exclude.map(word), parents };
  const chosen = select(files, { path: `/${place}${slash}`, isDirectory }, selection);
  const inside = place === "" ? "" : `${place}/`;
  const [uid, gid] = instruction.chown === undefined ? [0, 0] : ownerIn(there, word(instruction.chown));
  const mode = modeOf(instruction.chmod === undefined ? undefined : word(instruction.chmod), line);
  const entries = [
    ...missingParents(there, chosen[0]?.name ?? `${inside}x`, uid, gid),
    ...chosen.map((entry) => ({ ...entry, uid, gid, ...(mode !== undefined && { mode }) })),
    // What an archive says of owners counts.
    ...archives.map((entry) => ({ ...entry, name: `${inside}${entry.name}` })),
  ];
  for (const entry of entries) demandFitting(there, entry);
  const words = [keyword, ...(from === undefined ? [] : [`--from=${from}`]), ...instruction.sources.map(word), said];
  return { text: words.join(" "), entries };
}

function* fetched(address: string, fetch: BuildWorker["fetch"], checksum: string | undefined): Activity<TarEntry> {
  const name =
    address
      .replace(/[?#].*$/, "")
      .split("/")
      .at(-1) ?? "";
  if (fetch === undefined)
    throw new UsageError(`ADD can't get ${address}`, "Put the file into the context, or get it by RUN.");
  if (name === "")
    throw new UsageError(`cannot determine filename for ${address}`, "Give an address that ends with a name.");
  const bytes = yield* fetch(address);
  const found = digestOf(bytes);
  if (checksum !== undefined && checksum !== found)
    throw new UsageError(`digest mismatch ${found}: ${checksum}`, "Don't use it: it isn't what was expected.");
  return fileEntry(name, bytes, { mode: 0o600 });
}

function demandFitting(there: FileSet, { name, type }: TarEntry): void {
  const before = there.get(name);
  if (before === undefined || (before.type === "directory") === (type === "directory")) return;
  throw new UsageError(
    type === "directory"
      ? `cannot copy to non-directory: /${name}`
      : `cannot overwrite directory with a file: /${name}`,
    "Choose another destination.",
  );
}

/** Directories above a path that aren't there yet. */
export function missingParents(there: FileSet, path: string, uid = 0, gid = 0): TarEntry[] {
  const parts = path.split("/").slice(0, -1);
  return parts.flatMap((_, depth) => {
    const name = parts.slice(0, depth + 1).join("/");
    if (there.has(name)) return [];
    return [{ ...fileEntry(name, new Uint8Array(0), { mode: 0o755, uid, gid }), type: "directory" as const }];
  });
}
