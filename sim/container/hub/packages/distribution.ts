import { sha256 } from "@noble/hashes/sha2.js";
import { md5 } from "@noble/hashes/legacy.js";
import {
  bytesOf,
  hexOf,
  recordText,
  readApk,
  writeApk,
  writeDeb,
  writeIndex,
  type ApkRecord,
  type TarEntry,
} from "../../../userland/index.js";
import { FileTree } from "../filesystem.js";
import { built, type PackagePlan, type Variant } from "./plan.js";
import { packages } from "./table.js";

/** A package of one distribution and processor: its archive, and what indexes say of it. */
interface Pack<Fields> {
  readonly plan: PackagePlan;
  readonly variant: Variant;
  readonly archive: Uint8Array;
  readonly fields: Fields;
}

// Alpine.

/** What apk knows of a package before it has a file. */
function alpineRecord(
  { name, summary, homepage, license }: PackagePlan,
  variant: Variant,
  size: number,
): [string, string][] {
  return [
    ["P", name],
    ["V", variant.version],
    ["T", summary],
    ["U", homepage],
    ["I", String(size)],
    ["L", license],
    ["o", name.replace(/-(?:libs|utils|binsh|bundle|data)$/, "")],
    ["m", "virtlab <packages@virtlab>"],
    ["t", String(built)],
    ...((variant.depends ?? []).length === 0 ? [] : [["D", (variant.depends ?? []).join(" ")] as [string, string]]),
    ...((variant.provides ?? []).length === 0 ? [] : [["p", (variant.provides ?? []).join(" ")] as [string, string]]),
  ];
}

const infoKeys: Readonly<Record<string, string>> = {
  P: "pkgname",
  V: "pkgver",
  T: "pkgdesc",
  U: "url",
  I: "size",
  L: "license",
  o: "origin",
  m: "maintainer",
  t: "builddate",
  A: "arch",
};

function alpinePack(plan: PackagePlan, variant: Variant, machine: string): Pack<ApkRecord> {
  const tree = variant.files(new FileTree(machine, built));
  const record: [string, string][] = [...alpineRecord(plan, variant, variant.size ?? tree.size), ["A", machine]];
  const info = [
    ...record.flatMap(([key, value]) => (infoKeys[key] === undefined ? [] : [[infoKeys[key], value] as const])),
    ...(variant.depends ?? []).map((one) => ["depend", one] as const),
    ...(variant.provides ?? []).map((one) => ["provides", one] as const),
    ...(variant.triggers === undefined ? [] : [["triggers", variant.triggers.join(" ")] as const]),
  ];
  const scripts = new Map(Object.entries(variant.scripts ?? {}));
  const archive = writeApk(info, scripts, tree.entries(), built);
  const identity = readApk(archive)?.identity ?? "";
  const fields = new Map([...record, ["C", identity] as const, ["S", String(archive.length)] as const]);
  return { plan, variant, archive, fields };
}

// Debian.

const maintainer = "virtlab packages <packages@virtlab>";

function debianPack(plan: PackagePlan, variant: Variant, machine: string): Pack<ReadonlyMap<string, string>> {
  const { name, summary, homepage } = plan;
  const tree = variant.files(new FileTree(machine, built));
  const files: TarEntry[] = tree.entries().map((entry) => ({ ...entry, name: `./${entry.name}` }));
  const { depends = [], recommends = [], provides = [] } = variant;
  const control = new Map<string, string>([
    ["Package", name],
    ...(variant.essential === true ? [["Essential", "yes"] as const] : []),
    ["Version", variant.version],
    ["Architecture", debianArchitecture(machine)],
    ["Maintainer", maintainer],
    ["Installed-Size", String(Math.ceil((variant.size ?? tree.size) / 1024))],
    ...(depends.length === 0 ? [] : [["Depends", depends.join(", ")] as const]),
    ...(recommends.length === 0 ? [] : [["Recommends", recommends.join(", ")] as const]),
    ...(provides.length === 0 ? [] : [["Provides", provides.join(", ")] as const]),
    ["Section", variant.section ?? "misc"],
    ["Priority", variant.essential === true ? "required" : "optional"],
    ["Homepage", homepage],
    ["Description", `${summary}\n This package is part of a simulated distribution.`],
  ]);
  const sums = files
    .filter(({ type }) => type === "file")
    .map((entry) => `${hexOf(md5(bytesOf(entry)))}  ${entry.name.slice(2)}\n`);
  const extras = new Map<string, string>([
    ["md5sums", sums.join("")],
    ...(variant.conffiles === undefined
      ? []
      : [["conffiles", variant.conffiles.map((one) => `${one}\n`).join("")] as const]),
    ...Object.entries(variant.scripts ?? {}),
  ]);
  const archive = writeDeb({ control, extras, files }, built);
  return { plan, variant, archive, fields: control };
}

const processors: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64", riscv64: "riscv64" };

/** dpkg's name of a processor. */
const debianArchitecture = (machine: string): string => processors[machine] ?? machine;

/** uname(2)'s name of a processor that dpkg names so; undefined for one that there isn't. */
export const machineOf = (architecture: string): string | undefined =>
  Object.entries(processors).find(([, name]) => name === architecture)?.[0];

export const isMachine = (name: string): boolean => processors[name] !== undefined;

/** Packages follow from the table alone: they are made once for all worlds of this process. */
const shelves = new Map<string, unknown>();

function kept<T>(key: string, make: () => T): T {
  if (!shelves.has(key)) shelves.set(key, make());
  return shelves.get(key) as T;
}

const sorted = [...packages].sort((a, b) => (a.name < b.name ? -1 : 1));

/** @param base whether those of base images alone are wanted: these hold little, and are made in no time */
const alpinePacks = (machine: string, base = false): readonly Pack<ApkRecord>[] =>
  sorted.flatMap((plan) => {
    const { name, alpine } = plan;
    if (alpine === undefined || (base && alpine.base !== true)) return [];
    return [kept(`alpine ${machine} ${name}`, () => alpinePack(plan, alpine, machine))];
  });

const debianPacks = (machine: string, base = false): readonly Pack<ReadonlyMap<string, string>>[] =>
  sorted.flatMap((plan) => {
    const { name, debian } = plan;
    if (debian === undefined || (base && debian.base !== true)) return [];
    return [kept(`debian ${machine} ${name}`, () => debianPack(plan, debian, machine))];
  });

/** APKINDEX.tar.gz of a processor. */
export const alpineIndex = (machine: string): Uint8Array =>
  kept(`index ${machine}`, () =>
    writeIndex(
      "v3.20.3-virtlab",
      alpinePacks(machine).map(({ fields }) => fields),
      built,
    ),
  );

/** A package by the name of its file, "curl-8.9.1-r2.apk". */
export const alpineFile = (machine: string, file: string): Uint8Array | undefined =>
  alpinePacks(machine).find(({ fields }) => `${fields.get("P") ?? ""}-${fields.get("V") ?? ""}.apk` === file)?.archive;

const poolPath = (pack: Pack<ReadonlyMap<string, string>>): string => {
  const { name } = pack.plan;
  const version = (pack.fields.get("Version") ?? "").replace(/^\d+:/, "");
  return `pool/main/${name.startsWith("lib") ? name.slice(0, 4) : name.slice(0, 1)}/${name}/${name}_${version}_${pack.fields.get("Architecture") ?? ""}.deb`;
};

/** `Packages` of a processor. */
export const debianIndex = (machine: string): string =>
  kept(`packages ${machine}`, () =>
    debianPacks(machine)
      .map((pack) => {
        const fields = [...pack.fields].filter(([key]) => key !== "Description");
        const lines = [
          ...fields,
          ["Filename", poolPath(pack)],
          ["Size", String(pack.archive.length)],
          ["SHA256", hexOf(sha256(pack.archive))],
          ["Description", pack.plan.summary],
        ];
        return `${lines.map(([key = "", value = ""]) => `${key}: ${value}\n`).join("")}\n`;
      })
      .join(""),
  );

/** A package by its path in the pool. */
export const debianFile = (machine: string, path: string): Uint8Array | undefined =>
  debianPacks(machine).find((pack) => poolPath(pack) === path)?.archive;

// What base images have of these.

/** Directories that are there before any package comes, and stay when it goes. */
const baseDirectories =
  "bin dev etc home lib mnt opt proc root run sbin srv sys tmp usr usr/bin usr/lib usr/local usr/local/bin usr/sbin usr/share var var/cache var/lib var/log".split(
    " ",
  );

/** The database of what alpine's base image has: `installed`, `world`, `triggers`, and the scripts for `scripts.tar`. */
export function alpineDatabase(machine: string): {
  readonly installed: string;
  readonly world: string;
  readonly triggers: string;
  readonly scripts: readonly (readonly [string, string])[];
} {
  const base = alpinePacks(machine, true);
  return {
    installed: base
      .map(
        ({ fields, plan }) =>
          `${recordText(fields)}${plan.name === "alpine-baselayout" ? baseDirectories.map((one) => `F:${one}\n`).join("") : ""}F:usr/share/packages\nR:${plan.name}\n\n`,
      )
      .join(""),
    world: base.map(({ plan }) => `${plan.name}\n`).join(""),
    triggers: base
      .flatMap(({ fields, variant }) =>
        variant.triggers === undefined ? [] : [`${fields.get("C") ?? ""} ${variant.triggers.join(" ")}\n`],
      )
      .join(""),
    scripts: base.flatMap(({ fields, variant }) =>
      Object.entries(variant.scripts ?? {}).map(
        ([name, body]) =>
          [`${fields.get("P") ?? ""}-${fields.get("V") ?? ""}.${fields.get("C") ?? ""}${name}`, body] as const,
      ),
    ),
  };
}

/** The database of what Debian's base images have: `status`, and each package's list of files. */
export function debianDatabase(machine: string): {
  readonly status: string;
  readonly lists: ReadonlyMap<string, string>;
} {
  const base = debianPacks(machine, true);
  const status = base.map(({ fields }) => {
    const [name, ...rest] = [...fields];
    return [name, ["Status", "install ok installed"], ...rest].map((line) => `${line?.join(": ") ?? ""}\n`).join("");
  });
  return {
    status: status.join("\n"),
    lists: new Map(
      base.map(({ plan }) => [
        plan.name,
        [
          "/.",
          ...(plan.name === "base-files" ? baseDirectories.map((one) => `/${one}`) : []),
          "/usr/share",
          "/usr/share/packages",
          `/usr/share/packages/${plan.name}`,
        ]
          .map((line) => `${line}\n`)
          .join(""),
      ]),
    ),
  };
}
