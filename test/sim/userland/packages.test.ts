import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createWorld } from "../../../sim/core/index.js";
import { debianDatabase, debianFile } from "../../../sim/container/hub/packages/distribution.js";
import { internetOf } from "../../../sim/container/index.js";
import type { Kernel } from "../../../sim/os/index.js";
import { runShell } from "../../../sim/userland/index.js";
import { compareAlpine, compareDebian } from "../../../sim/userland/packages/version.js";
import { linux } from "./system.js";

/** What Debian's apt 2.6.1 and dpkg 1.21.22 did with these repositories, served by HTTP, in a root of its own. */
interface Recorded {
  readonly script: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}
const recorded = JSON.parse(
  readFileSync(join(import.meta.dirname, "recorded", "packages.json"), "utf8"),
) as readonly Recorded[];

/** A Linux with the programs of packages, and Debian's database of base packages. */
function debian(): Kernel {
  const kernel = linux({ world: createWorld({ seed: 3 }) });
  internetOf(kernel.world).connect(kernel);
  const { status, lists } = debianDatabase("x86_64");
  const put = (path: string, text: string): void => {
    expect(runShell(kernel, `mkdir -p "$(dirname ${path})"; cat > ${path}`, { stdin: text }).status).toBe(0);
  };
  put("/etc/apt/sources.list", "deb [trusted=yes] http://packages.virtlab/debian bookworm main\n");
  put("/var/lib/dpkg/status", status);
  for (const [name, list] of lists) put(`/var/lib/dpkg/info/${name}.list`, list);
  const names = ["apt-get", "apt-cache", "dpkg", "dpkg-query"];
  for (const name of names)
    kernel.run(function* (sys) {
      const fd = yield* sys.open(`/usr/bin/${name}`, 0o101, 0o755);
      yield* sys.write(
        fd,
        Uint8Array.from(`\x7fELF x86_64 ${name}\n`, (letter) => letter.charCodeAt(0)),
      );
      yield* sys.close(fd);
    });
  return kernel;
}

/**
 * What may differ: how long a transfer took, and the order that dpkg's hash tables give to packages that are configured or named together.
 */
function comparable(text: string): string {
  const lines = text.replace(/^(Fetched \S+ k?B) .*$/gm, "$1").split("\n");
  const out: string[] = [];
  for (let at = 0; at < lines.length;) {
    const kind = /^(?:Setting up | \S+ depends on )/.test(lines[at] ?? "");
    let end = at + 1;
    while (
      kind &&
      end < lines.length &&
      /^(?:Setting up | \S+ depends on |Updating certificates)/.test(lines[end] ?? "")
    )
      end++;
    out.push(...lines.slice(at, end).sort());
    at = end;
  }
  return out.join("\n");
}

describe("apt and dpkg", () => {
  const kernel = debian();
  test.each(recorded)(
    "print what Debian's do with the same repository: $script",
    ({ script, stdout, stderr, status }) => {
      const result = runShell(kernel, script, { env: { LC_ALL: "C" } });
      expect(comparable(result.stdout)).toBe(comparable(stdout));
      expect(comparable(result.stderr)).toBe(comparable(stderr));
      expect(result.status).toBe(status);
    },
  );
});

const hasDpkg = spawnSync("dpkg-deb", ["--version"]).status === 0;

describe("packages", () => {
  test.skipIf(!hasDpkg)("are read by Debian's dpkg-deb (skipped where there is none)", () => {
    const path = "pool/main/n/nginx-common/nginx-common_1.22.1-9_amd64.deb";
    const place = mkdtempSync(join(tmpdir(), "virtlab-deb-"));
    try {
      writeFileSync(join(place, "x.deb"), debianFile("x86_64", path) ?? "");
      const ask = (...words: string[]): string =>
        spawnSync("dpkg-deb", [...words, "x.deb"], {
          cwd: place,
          encoding: "utf8",
          env: { ...process.env, LC_ALL: "C" },
        }).stdout;
      expect(ask("--field")).toContain("Package: nginx-common\nVersion: 1.22.1-9\n");
      expect(ask("--contents")).toMatch(/-rw-r--r-- 0\/0 +\d+ .* \.\/etc\/nginx\/nginx\.conf\n/);
      expect(ask("--contents")).toContain("./etc/nginx/sites-enabled/default -> /etc/nginx/sites-available/default");
      expect(spawnSync("dpkg-deb", ["--extract", "x.deb", "out"], { cwd: place }).status).toBe(0);
      expect(readFileSync(join(place, "out/etc/nginx/nginx.conf"), "utf8")).toContain("user www-data;");
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
});

describe("versions", () => {
  test.each([
    ["1.0", "<", "1.0-1"],
    ["1.0~rc1", "<", "1.0"],
    ["1:0.9", ">", "2.0"],
    ["1.10", ">", "1.9"],
    ["1.0a", "<", "1.0+b"],
    ["1.2.13.dfsg-1", "<", "1.2.13.dfsg-1+b1"],
    ["2.0-1~deb12u1", "<", "2.0-1"],
    ["1.0", "=", "1.00"],
  ])("Debian's %s %s %s", (one, relation, other) => {
    const sign = Math.sign(compareDebian(one, other));
    expect(sign).toBe({ "<": -1, "=": 0, ">": 1 }[relation]);
  });

  // Alpine Wiki's and apk-tools' own examples of the order (test/version.data).
  test.each([
    ["2.34", ">", "0.1.0_alpha"],
    ["0.1.0_alpha", "<", "0.1.3_alpha"],
    ["0.1.0_alpha2", ">", "0.1.0_alpha"],
    ["1.0_pre1", "<", "1.0"],
    ["1.0_p10", ">", "1.0_p9"],
    ["8.9.1-r2", "<", "8.9.1-r10"],
    ["6.0_rc1", ">", "6.0_pre1"],
    ["1.1", "<", "1.1.1"],
  ])("Alpine's %s %s %s", (one, relation, other) => {
    const sign = Math.sign(compareAlpine(one, other));
    expect(sign).toBe({ "<": -1, "=": 0, ">": 1 }[relation]);
  });
});
