import { describe, expect, test } from "vitest";
import { ms, s, type Nanos } from "../../../sim/core/index.js";
import { openConsole, runShell } from "../../../sim/userland/index.js";
import { linux } from "./system.js";

/** What `times` says of children that were waited for, in milliseconds of user time. */
const childrenTime = (times: string): number => Number(/0m([\d.]+)s \S+\n$/.exec(times)?.[1]) * 1000;

describe("what a shell does itself takes time on a CPU", () => {
  test.each([
    "while :; do :; done",
    "i=0; while true; do i=$((i+1)); done",
    "until false; do case a in b) ;; esac; done",
    "f() { :; }; while f; do f; done",
    "exec awk 'BEGIN { while (1) ; }'",
    "exec sed ':a;ba' /etc/hosts",
  ])("a signal ends `%s`, which has had the CPU meanwhile", (script) => {
    const { stdout } = runShell(linux(), `(${script}) & sleep 0.02; kill -9 $!; wait $!; echo $?; times`);
    expect(stdout).toMatch(/^137\n/);
    expect(childrenTime(stdout)).toBeGreaterThan(16);
    expect(childrenTime(stdout)).toBeLessThan(21);
  });

  test("it is pre-empted: two loops share one CPU, and who sleeps wakes in time", () => {
    const kernel = linux({ cpus: 1 });
    const begun = kernel.engine.now;
    const { stdout } = runShell(
      kernel,
      "for n in 1 2; do (while :; do i=$((i+1)); done) & done; sleep 0.03; kill %1 %2; wait; times",
    );
    expect(kernel.engine.now - begun).toBeLessThan(ms(45));
    expect(childrenTime(stdout)).toBeGreaterThan(25);
  });

  test("cpu.max holds a loop back", () => {
    const { stdout } = runShell(
      linux(),
      `cd /sys/fs/cgroup; echo +cpu > cgroup.subtree_control; mkdir slow; echo "1000 20000" > /sys/fs/cgroup/slow/cpu.max
       sh -c 'echo $$ > /sys/fs/cgroup/slow/cgroup.procs; while :; do :; done' &
       sleep 0.2; kill $!; awk '/^usage_usec/ { print $2 }' /sys/fs/cgroup/slow/cpu.stat`,
    );
    expect(Number(stdout)).toBeGreaterThanOrEqual(9000);
    expect(Number(stdout)).toBeLessThanOrEqual(11_500);
  });

  test("^C ends a loop at a terminal", () => {
    const kernel = linux();
    const console = openConsole(kernel);
    const type = (text: string): void => {
      console.type(text);
      kernel.advance((kernel.engine.now + ms(20)) as Nanos);
    };
    type("while :; do :; done\n");
    type("\x03");
    type("echo $((6*7))\n");
    expect(console.read()).toContain("^C\r\n# echo $((6*7))\r\n42\r\n");
    type("while :; do sleep 1; done; echo never\n");
    type("\x03");
    expect(console.read()).toMatch(/\^C\r\n# $/);
  });

  test("as much as dash takes: a million turns of a counting loop in about a second", () => {
    const kernel = linux();
    const begun = kernel.engine.now;
    runShell(kernel, "i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done");
    const million = (kernel.engine.now - begun) * 100;
    expect(million).toBeGreaterThan(s(0.8));
    expect(million).toBeLessThan(s(1.2));
  });
});
