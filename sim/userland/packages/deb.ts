import { encodeUtf8, UsageError } from "../../core/index.js";
import { textOf } from "../../net/index.js";
import { readAr, writeAr } from "../archive/ar.js";
import { gunzip, gzip } from "../archive/gzip.js";
import { bytesOf, fileEntry, type TarEntry } from "../archive/tar/entry.js";
import { readTar } from "../archive/tar/reader.js";
import { writeTar } from "../archive/tar/writer.js";
import { paragraphText, readParagraphs, type Paragraph } from "./paragraphs.js";

/** A binary package of Debian. */
export interface Deb {
  readonly control: Paragraph;
  /** What else its control archive has, by name: conffiles, md5sums, preinst, postinst, prerm, postrm. */
  readonly extras: ReadonlyMap<string, string>;
  /** Names as the archive has them: "./usr/bin/curl". */
  readonly files: readonly TarEntry[];
}

const scripts = new Set(["preinst", "postinst", "prerm", "postrm", "config"]);

/** The package's archive (deb(5)): three members, the last two compressed tar archives. */
export function writeDeb({ control, extras, files }: Deb, mtime: number): Uint8Array {
  const directory = (name: string): TarEntry => ({
    ...fileEntry(name, new Uint8Array(0), { mode: 0o755, mtime }),
    type: "directory",
  });
  const text = (name: string, content: string): TarEntry =>
    fileEntry(`./${name}`, encodeUtf8(content), { mode: scripts.has(name) ? 0o755 : 0o644, mtime });
  const entries = [directory("."), text("control", paragraphText(control))];
  for (const [name, content] of extras) entries.push(text(name, content));
  // What dpkg unpacks knows no holes: they are zeros here.
  const dense = files.map((entry) =>
    entry.type === "file" ? { ...entry, extents: [{ offset: 0, bytes: bytesOf(entry) }] } : entry,
  );
  return writeAr(
    [
      { name: "debian-binary", bytes: encodeUtf8("2.0\n") },
      { name: "control.tar.gz", bytes: gzip(writeTar(entries)) },
      { name: "data.tar.gz", bytes: gzip(writeTar([directory("."), ...dense])) },
    ],
    mtime,
  );
}

/** Why a file is no package: not of the format at all, or damaged inside. */
export type DebTrouble = "format" | "damaged";

export function readDeb(bytes: Uint8Array): Deb | DebTrouble {
  const members = readAr(bytes);
  if (members?.[0]?.name !== "debian-binary") return members === undefined && startsAsAr(bytes) ? "damaged" : "format";
  const member = (name: string): readonly TarEntry[] | undefined => {
    const found = members.find((one) => one.name === name);
    return found === undefined ? undefined : readTar(gunzip(found.bytes));
  };
  try {
    const [about, data] = [member("control.tar.gz"), member("data.tar.gz")];
    const texts = new Map((about ?? []).map((one) => [one.name.replace(/^\.\//, ""), textOf(bytesOf(one))]));
    const [control] = readParagraphs(texts.get("control") ?? "");
    if (control?.get("Package") === undefined || data === undefined) return "damaged";
    texts.delete("control");
    texts.delete(".");
    return { control, extras: texts, files: data };
  } catch (error) {
    if (error instanceof UsageError) return "damaged";
    throw error;
  }
}

const startsAsAr = (bytes: Uint8Array): boolean => textOf(bytes.subarray(0, 8)) === "!<arch>\n";
