import { readdir, readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";

/** `kernel.json` (jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs). */
interface KernelSpecFile {
  readonly argv: readonly string[];
  readonly display_name: string;
  readonly language: string;
  readonly interrupt_mode?: "message" | "signal";
  readonly env?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A kernel that can be started. */
export interface KernelSpec {
  readonly name: string;
  readonly spec: KernelSpecFile;
  /** Logos: the file's name. */
  readonly files: readonly string[];
  readFile(name: string): Promise<Uint8Array>;
}

/** Names that Jupyter allows for a kernelspec's folder. */
const validName = /^[\w.-]+$/;

const isSpec = (value: unknown): value is KernelSpecFile => {
  if (typeof value !== "object" || value === null) return false;
  const { argv, display_name, language, env = {} } = value as Record<string, unknown>;
  const strings = (list: unknown[]): boolean => list.every((each) => typeof each === "string");
  return (
    Array.isArray(argv) &&
    argv.length > 0 &&
    strings(argv) &&
    typeof display_name === "string" &&
    typeof language === "string" &&
    typeof env === "object" &&
    env !== null &&
    strings(Object.values(env))
  );
};

const isLogo = (name: string): boolean =>
  /^(?:logo-|kernel\.)/.test(name) && [".png", ".svg", ".js", ".css"].includes(extname(name));

async function readSpec(folder: string): Promise<KernelSpec | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, "kernel.json"), "utf8"));
    if (!isSpec(value)) return undefined;
    const files = (await readdir(folder)).filter(isLogo);
    return {
      name: basename(folder).toLowerCase(),
      spec: value,
      files,
      readFile: (name) => readFile(join(folder, name)),
    };
  } catch {
    // A folder that holds no readable spec is none of Jupyter's.
    return undefined;
  }
}

async function specsIn(dataFolder: string): Promise<readonly KernelSpec[]> {
  let names: readonly string[];
  try {
    names = await readdir(join(dataFolder, "kernels"));
  } catch {
    return [];
  }
  const specs = names.filter((name) => validName.test(name)).map((name) => readSpec(join(dataFolder, "kernels", name)));
  return (await Promise.all(specs)).filter((spec) => spec !== undefined);
}

/**
 * Every kernel that can be started: ours, then what is installed, of two of one name the one found first. Looked up anew
 * each time, so that a kernel that is installed meanwhile appears.
 * @param dataFolders Jupyter's, in the order in which it searches them
 */
export async function findSpecs(
  own: readonly KernelSpec[],
  dataFolders: readonly string[],
): Promise<ReadonlyMap<string, KernelSpec>> {
  const installed = await Promise.all(dataFolders.map(specsIn));
  const specs = new Map<string, KernelSpec>();
  for (const spec of [...own, ...installed.flat()]) if (!specs.has(spec.name)) specs.set(spec.name, spec);
  return specs;
}

/** Below /kernelspecs/: where a spec's logos are. */
const address = (name: string, file: string): string =>
  `/kernelspecs/${encodeURIComponent(name)}/${encodeURIComponent(file)}`;

/** What the interface is told of a kernel (jupyter-server's OpenAPI description, "KernelSpec"). */
export function specModel({ name, spec, files }: KernelSpec): object {
  const resources = Object.fromEntries(files.map((file) => [file.replace(/\.[^.]+$/, ""), address(name, file)]));
  return { name, spec: { env: {}, interrupt_mode: "signal", metadata: {}, ...spec }, resources };
}
