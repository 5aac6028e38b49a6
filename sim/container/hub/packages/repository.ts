import { md5 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8 } from "../../../core/index.js";
import { textResponse, type Handler, type HttpResponse } from "../../../net/index.js";
import { gzip, hexOf } from "../../../userland/index.js";
import { alpineFile, alpineIndex, debianFile, debianIndex, isMachine, machineOf } from "./distribution.js";

/** Suites that there are, by the distribution's name in paths. */
const suites: Readonly<
  Record<string, { readonly codename: string; readonly version: string; readonly label: string }>
> = {
  debian: { codename: "bookworm", version: "12.7", label: "Debian" },
  ubuntu: { codename: "noble", version: "24.04", label: "Ubuntu" },
};
const architectures = ["amd64", "arm64", "riscv64"];

const lastModified = "Fri, 06 Sep 2024 12:00:00 GMT";
const releaseDate = "Fri, 06 Sep 2024 12:00:00 UTC";

/** `Release`: which indexes there are, with their sizes and hashes. */
function releaseText(distribution: string): string {
  const suite = suites[distribution];
  const files = architectures.flatMap((architecture) => {
    const plain = encodeUtf8(debianIndex(machineOf(architecture) ?? ""));
    return [
      [`main/binary-${architecture}/Packages`, plain],
      [`main/binary-${architecture}/Packages.gz`, gzip(plain)],
    ] as const;
  });
  const list = (hash: (bytes: Uint8Array) => Uint8Array): string =>
    files.map(([name, bytes]) => ` ${hexOf(hash(bytes))} ${String(bytes.length).padStart(8)} ${name}\n`).join("");
  return [
    `Origin: ${suite?.label ?? ""}\nLabel: ${suite?.label ?? ""}\nSuite: stable\nVersion: ${suite?.version ?? ""}\n`,
    `Codename: ${suite?.codename ?? ""}\nDate: ${releaseDate}\nArchitectures: ${architectures.join(" ")}\nComponents: main\n`,
    `Description: a simulated distribution\nMD5Sum:\n${list(md5)}SHA256:\n${list(sha256)}`,
  ].join("");
}

function debian(distribution: string, path: string): Uint8Array | undefined {
  const suite = suites[distribution];
  if (suite === undefined) return undefined;
  const [, file = ""] = /^dists\/[a-z]+\/(.*)$/.exec(path) ?? [];
  if (path === `dists/${suite.codename}/${file}`) {
    if (file === "Release") return encodeUtf8(releaseText(distribution));
    const [, architecture = "", ending = ""] = /^main\/binary-(\w+)\/Packages(\.gz)?$/.exec(file) ?? [];
    const machine = machineOf(architecture);
    if (machine === undefined) return undefined;
    const plain = encodeUtf8(debianIndex(machine));
    return ending === "" ? plain : gzip(plain);
  }
  const [, architecture = ""] = /^pool\/.*_(\w+)\.deb$/.exec(path) ?? [];
  const machine = machineOf(architecture);
  return machine === undefined ? undefined : debianFile(machine, path);
}

function alpine(path: string): Uint8Array | undefined {
  const [, machine = "", file = ""] = /^v3\.20\/main\/(\w+)\/([^/]+)$/.exec(path) ?? [];
  if (!isMachine(machine)) return undefined;
  return file === "APKINDEX.tar.gz" ? alpineIndex(machine) : alpineFile(machine, file);
}

/**
 * The repositories that images are set up for, as their mirrors lay them out: /alpine/v3.20/main/…, /debian/dists/bookworm/…,
 * /debian/pool/…, the same for /ubuntu/ with noble. Nothing is signed.
 */
export const packageRepository = (): Handler => (request) => {
  const [, distribution = "", path = ""] =
    /^\/(\w+)\/(.*)$/.exec(decodeURIComponent(request.path.replace(/\?.*$/, ""))) ?? [];
  const body = distribution === "alpine" ? alpine(path) : debian(distribution, path);
  if (request.method !== "GET" && request.method !== "HEAD") return textResponse("method not allowed\n", 405);
  if (body === undefined) return textResponse("not found\n", 404);
  const headers = { "content-type": "application/octet-stream", "last-modified": lastModified };
  if (request.headers["if-modified-since"] === lastModified)
    return { status: 304, headers, body: new Uint8Array(0) } satisfies HttpResponse;
  return { status: 200, headers, body };
};
