import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { s } from "../../../sim/core/index.js";
import { Strace } from "../../../sim/os/index.js";
import { openConsole, runShell } from "../../../sim/userland/index.js";
import { inEmptyDirectory, linux } from "./system.js";

const quote = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;

/** POSIX 2.6.5, by a machine of its own: white space of IFS separates, another separator ends a field. */
function split(text: string, separators: string): string[] {
  const fields: string[] = [];
  const isSpace = (one: string): boolean => separators.includes(one) && " \t\n".includes(one);
  let at = 0;
  while (at < text.length && isSpace(text[at]!)) at++;
  while (at < text.length) {
    let field = "";
    while (at < text.length && !separators.includes(text[at]!)) field += text[at++]!;
    fields.push(field);
    while (at < text.length && isSpace(text[at]!)) at++;
    if (at < text.length && separators.includes(text[at]!)) {
      at++;
      while (at < text.length && isSpace(text[at]!)) at++;
    } else if (at < text.length) continue;
  }
  return fields;
}

describe("expansions", () => {
  const kernel = linux();
  const show = 'for field do printf "<%s>" "$field"; done';

  test("fields are split as the standard says", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "b", " ", ":", ",", "\t"), maxLength: 12 }),
        fc.constantFrom(" \t\n", ":", ": ", ",: \t", ""),
        (text, separators) => {
          const { stdout } = runShell(kernel, `IFS=${quote(separators)}; x=${quote(text)}; set -f; set -- $x; ${show}`);
          const expected = separators === "" ? (text === "" ? [] : [text]) : split(text, separators);
          expect(stdout).toBe(expected.map((field) => `<${field}>`).join(""));
        },
      ),
      { seed: 1, numRuns: 150 },
    );
  });

  test("what is quoted stays as it is, byte for byte", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 8 }), { maxLength: 4 }), (given) => {
        const words = given.map((word) => word.replaceAll("\0", ""));
        const { stdout } = runShell(kernel, `set -- ${words.map(quote).join(" ")}; ${show}`);
        expect(stdout).toBe(words.map((word) => `<${word.replace(/\p{Surrogate}/gu, "\ufffd")}>`).join(""));
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test("arithmetic is that of signed 64-bit integers", () => {
    const operator = fc.constantFrom("+", "-", "*", "&", "|", "^", "<", ">=", "==");
    const number = fc.bigInt({ min: -(1n << 40n), max: 1n << 40n });
    fc.assert(
      fc.property(number, operator, number, (a, sign, b) => {
        const value = {
          "+": a + b,
          "-": a - b,
          "*": a * b,
          "&": a & b,
          "|": a | b,
          "^": a ^ b,
          "<": a < b,
          ">=": a >= b,
          "==": a === b,
        }[sign];
        const expected = typeof value === "bigint" ? BigInt.asIntN(64, value) : BigInt(value);
        expect(runShell(kernel, `echo $((${a} ${sign} ${b}))`).stdout).toBe(`${expected}\n`);
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});

describe("processes", () => {
  test("a pipeline is pipes, forks and programs executed", () => {
    const kernel = linux();
    const trace = new Strace(kernel);
    expect(runShell(kernel, "cat /etc/hosts | wc -l").stdout).toBe("1\n");
    trace.stop();
    const calls = trace.calls.map(({ name }) => name);
    for (const name of ["pipe2", "clone", "dup2", "execve", "wait4"]) expect(calls).toContain(name);
    expect(trace.calls.filter(({ name }) => name === "execve").map(({ args }) => args[0])).toEqual([
      "/bin/sh",
      "/usr/bin/cat",
      "/usr/bin/wc",
    ]);
  });

  test("pipefail is known, beyond what dash knows", () => {
    expect(runShell(linux(), "false | true; echo $?; set -o pipefail; false | true; echo $?").stdout).toBe("0\n1\n");
  });

  test("sleeping costs virtual time alone", () => {
    const kernel = linux();
    const before = kernel.engine.now;
    runShell(kernel, "sleep 3600");
    expect(kernel.engine.now - before).toBeGreaterThan(s(3600));
  });

  test("permissions are the kernel's", () => {
    const { stdout, stderr } = inEmptyDirectory(
      linux(),
      "echo secret > f; chmod 600 f; chmod 711 .; su user -c 'id -un; cat f'; echo $?",
    );
    expect(stdout).toBe("user\n1\n");
    expect(stderr).toBe("cat: f: Permission denied\n");
  });

  test("a container from the command line: its processes see themselves alone", () => {
    const { stdout } = runShell(
      linux(),
      "unshare -m -p -u -f --mount-proc sh -c 'hostname box; hostname; echo $$; ps -o pid=,comm=; :'; hostname",
    );
    expect(stdout).toMatch(/^box\n1\n *1 sh\n *\d+ ps\nlinux\n$/);
  });
});

describe("a terminal", () => {
  function session(): { readonly say: (text: string, wait?: number) => string } {
    const kernel = linux();
    const console = openConsole(kernel);
    const say = (text: string, wait = 1): string => {
      console.type(text);
      kernel.advance((kernel.engine.now + s(wait)) as ReturnType<typeof s>);
      return console.read().replaceAll("\r", "");
    };
    say("");
    return { say };
  }

  test("prompts, echoes, edits lines, asks for more", () => {
    const { say } = session();
    expect(say("echo helo\x7flo\n")).toBe("echo helo\b \blo\nhello\n# ");
    expect(say("if true\n")).toBe("if true\n> ");
    expect(say("then echo yes; fi\n")).toBe("then echo yes; fi\nyes\n# ");
    expect(say("echo 'a\n")).toBe("echo 'a\n> ");
    expect(say("b'\n")).toBe("b'\na\nb\n# ");
  });

  test("^C ends a job and not the shell; at a prompt it begins a new line", () => {
    const { say } = session();
    say("sleep 100\n");
    expect(say("\x03")).toBe("^C\n# ");
    expect(say("echo $?\n")).toBe("echo $?\n130\n# ");
    expect(say("half\x03")).toBe("half^C\n# ");
  });

  test("^Z stops a job; jobs, bg, fg and kill act on it", () => {
    const { say } = session();
    say("sleep 100\n");
    expect(say("\x1a")).toMatch(/\[1\] \+ Stopped\s+sleep 100\n# $/);
    expect(say("jobs\n")).toMatch(/\[1\] \+ Stopped\s+sleep 100\n# $/);
    expect(say("bg\n")).toBe("bg\n[1] sleep 100\n# ");
    expect(say("jobs\n")).toMatch(/\[1\] \+ Running\s+sleep 100\n# $/);
    expect(say("fg\n", 200)).toBe("fg\nsleep 100\n# ");
    say("sleep 100 &\n");
    expect(say("kill %1\n")).toBe("kill %1\n# ");
    expect(say("\n")).toMatch(/\[1\] \+ Terminated\s+sleep 100\n# $/);
  });

  test("a job in the background that reads is stopped", () => {
    const { say } = session();
    expect(say("cat &\n")).toMatch(/\[1\] \d+\n# $/);
    expect(say("\n")).toMatch(/\[1\] \+ Stopped \(tty input\)\s+cat\n# $/);
  });
});

describe("commands", () => {
  test("--help comes from the table of options", () => {
    const { stdout } = runShell(linux(), "uniq --help");
    expect(stdout).toContain("Usage: uniq [OPTION]... [INPUT [OUTPUT]]\n");
    expect(stdout).toContain("  -c, --count                 prefix lines by the number of occurrences\n");
    expect(stdout).toContain("      --help ");
  });

  test("ps, kill and killall work by /proc and signals", () => {
    const { stdout } = runShell(
      linux(),
      "sleep 100 & sleep 200 & ps -C sleep -o comm=,args=; killall sleep; wait; ps -C sleep -o pid=; echo $?",
    );
    expect(stdout).toBe("sleep sleep 100\nsleep sleep 200\n1\n");
  });

  test("mount, umount and df act on the kernel's mounts", () => {
    const { stdout, stderr } = runShell(
      linux(),
      "mount -t tmpfs -o size=1M,nosuid none /mnt; mount | grep /mnt; df /mnt | tail -1; echo x > /mnt/f; umount /mnt; ls /mnt; umount /mnt",
    );
    expect(stdout).toMatch(/^none on \/mnt type tmpfs \(rw,nosuid,.*\)\nnone +1024 +\d+ +\d+ +\d+% \/mnt\n$/);
    expect(stderr).toContain("umount: /mnt: not mounted.\n");
  });

  test("tail -f shows what is appended", () => {
    const { stdout } = runShell(
      linux(),
      "cd /tmp; echo one > log; tail -f log & sleep 2; echo two >> log; sleep 2; kill $!; wait; echo end",
    );
    expect(stdout).toBe("one\ntwo\nend\n");
  });

  test("a full disk is told, and the command fails", () => {
    const { stdout, stderr } = runShell(linux(), "mount -t tmpfs -o size=8k none /mnt; seq 10000 > /mnt/f; echo $?");
    expect(stdout).toBe("1\n");
    expect(stderr).toContain("seq: write error: No space left on device\n");
  });
});

test("ulimit tells and sets the kernel's limits", () => {
  const script =
    "ulimit -f 1; ulimit -f; ulimit -p 50; ulimit -p; head -c 600 /dev/zero > /tmp/f; ulimit -n; ulimit -t 5";
  const { stdout, stderr, status } = runShell(linux(), script);
  expect(stdout).toMatch(/^1\n50\n\d+\n$/);
  expect(stderr).toContain("ulimit: error setting limit (Function not implemented)");
  expect(status).not.toBe(0);
});
