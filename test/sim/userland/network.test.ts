import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inEmptyDirectory, linux } from "./system.js";

/** What Debian's network commands did with a script in a network namespace of its own: both streams, as they came. */
interface Recorded {
  readonly script: string;
  readonly output: string;
}

const path = (name: string): string => join(import.meta.dirname, "recorded", name);
const scripts = readFileSync(path("network.txt"), "utf8").split(/^----\n/m);

/** The same for both: namespaces, and a place for `ip netns`. */
const within = (file: string): string => `unshare -n -m sh -c '. ./${file}' 2>&1\n`;

/** IPv6 is absent here, so it is switched off there. */
const prelude = `mount -t tmpfs tmpfs /run
for one in all default lo; do echo 1 > /proc/sys/net/ipv6/conf/$one/disable_ipv6; done 2>/dev/null
`;

function real(script: string): string {
  const place = mkdtempSync(join(tmpdir(), "virtlab-net-"));
  try {
    writeFileSync(join(place, "script"), prelude + script);
    const { stdout } = spawnSync("sh", ["-c", within("script")], {
      cwd: place,
      env: { PATH: process.env["PATH"] ?? "", HOME: "/root", LC_ALL: "C" },
      encoding: "utf8",
    });
    return stdout;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

if (process.env["VIRTLAB_RECORD"] !== undefined) {
  const rows = scripts.map((script): Recorded => ({ script, output: real(script) }));
  writeFileSync(path("network.json"), `${JSON.stringify(rows, undefined, 1)}\n`);
}

const recorded = JSON.parse(readFileSync(path("network.json"), "utf8")) as readonly Recorded[];

describe("network commands do what they do on Debian", () => {
  const kernel = linux();

  test("each is recorded", () => {
    expect(recorded.map(({ script }) => script)).toEqual(scripts);
  });

  test.each(recorded)("$script", ({ script, output }) => {
    const whole = `mount -t tmpfs tmpfs /run\n${script}`;
    const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
    const quoted = `cat > script <<"END"\n${whole}END\n${within("script")}`;
    expect(inEmptyDirectory(kernel, quoted, { env }).output).toBe(output);
  });
});

/** Why the real commands aren't asked again; undefined where they are. */
function whyNot(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "that takes root on Linux";
  const missing = ["/usr/sbin/ip", "/usr/sbin/iptables", "/usr/bin/ss", "/bin/ping"].filter((one) => !existsSync(one));
  if (missing.length > 0) return `there is no ${missing.join(", ")}`;
  return spawnSync("unshare", ["-n", "-m", "true"]).status === 0 ? undefined : "no namespaces can be made here";
}
const reason = whyNot();

test.skipIf(reason !== undefined)(
  `the recording is what they do${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    const step = process.env["VIRTLAB_LONG"] === "1" ? 1 : 8;
    for (const { script, output } of recorded.filter((_, at) => at % step === 0))
      expect({ script, output: real(script) }).toEqual({ script, output });
  },
);
