import { expect, test } from "vitest";
import { freebsd, fvm, isolation, linux } from "../../../sim/lab/index.js";
import { UsageError } from "../../../sim/core/index.js";

const found = isolation();
const row = (aspect: string): Record<string, string> =>
  Object.fromEntries(found.findings.map(({ subject }) => [subject, found.of(subject, aspect)]));

test("on the host itself and in a bare chroot the application reaches everything but files by their paths", () => {
  const open = [
    "sees the host's processes",
    "signals a process of the host",
    "reads it by the way out of chroot",
    "reaches the host's IPC",
    "binds the host's address",
    "may set the clock",
  ];
  for (const aspect of open) {
    expect(["yes", "allowed"], aspect).toContain(row(aspect)["the host itself"]);
    expect(["yes", "allowed"], aspect).toContain(row(aspect)["chroot"]);
  }
  expect(row("reads the host's disk")).toMatchObject({ "the host itself": "allowed", chroot: "allowed" });
  expect(row("reads a file of the host")).toMatchObject({ "the host itself": "allowed", chroot: "refused (ENOENT)" });
  expect(row("changes the system's name")).toMatchObject({ "the host itself": "the host's", chroot: "the host's" });
  expect(row("adds to a table of mounts")).toMatchObject({ chroot: "the host's" });
});

test("no container sees, signals or reaches what is the host's", () => {
  const containers = found.findings
    .map(({ subject }) => subject)
    .filter((one) => !["chroot", "the host itself", "FVM", "nspawn"].includes(one));
  expect(containers.length).toBeGreaterThanOrEqual(3);
  for (const subject of containers) {
    expect(found.of(subject, "sees the host's processes"), subject).toMatch(/^no/);
    for (const aspect of [
      "signals a process of the host",
      "reads a file of the host",
      "changes a file of the host",
      "reads it by the way out of chroot",
      "binds the host's address",
      "reaches the host's IPC",
      "reads the host's disk",
      "may set the clock",
    ])
      expect(found.of(subject, aspect), `${subject}: ${aspect}`).toMatch(/^refused/);
    expect(found.of(subject, "changes the system's name"), subject).not.toBe("the host's");
    expect(found.of(subject, "adds to a table of mounts"), subject).not.toBe("the host's");
    expect(found.of(subject, "runs on the host's kernel"), subject).toBe("yes");
  }
});

test("nspawn shares the host's network unless it is told otherwise; with -U its root is somebody else", () => {
  expect(row("sees the host's addresses")).toMatchObject({ nspawn: "all", "nspawn -U -n": "none" });
  expect(row("binds the host's address")).toMatchObject({ nspawn: "allowed" });
  expect(row("reaches the host's IPC")).toMatchObject({ nspawn: "allowed" });
  expect(row("its uid 0 is the host's")).toMatchObject({ nspawn: "yes", "nspawn -U -n": "no: 524288" });
  expect(row("reads a file of the host")).toMatchObject({ nspawn: "refused (ENOENT)" });
});

test("they differ: Docker takes more from root than LXC, a jail its raw sockets and device nodes", () => {
  expect(row("adds to a table of mounts")).toMatchObject({
    Docker: "refused (EPERM)",
    LXC: "its own",
    "FreeBSD jail": "refused (EPERM)",
  });
  expect(row("changes the system's name")).toMatchObject({
    Docker: "refused (EPERM)",
    LXC: "its own",
    "FreeBSD jail": "its own",
  });
  expect(row("opens a raw socket")).toMatchObject({
    Docker: "allowed",
    LXC: "allowed",
    "FreeBSD jail": "refused (EPERM)",
  });
  expect(row("sees the host's addresses")).toMatchObject({ Docker: "none", LXC: "none", "FreeBSD jail": "1 of 3" });
  expect(row("is limited to 20 processes")).toMatchObject({
    chroot: "no",
    Docker: "yes",
    LXC: "yes",
    "FreeBSD jail": "yes",
  });
});

test("the views hold a column for each system, and a word that isn't there is told", () => {
  expect(found.view().columns.length).toBe(found.findings.length + 1);
  expect(found.evidence().rows.find(({ fact }) => fact === "rename")).toMatchObject({ Docker: "EPERM", LXC: "ok" });
  expect(() => found.of("LXD", "may set the clock")).toThrow(UsageError);
  expect(() => isolation(["docker"])).toThrow('"docker" is no system here');
});

test("freebsd() makes a jail of a name and its parameters; lxc() can be called again", () => {
  const bsd = freebsd({ hostname: "beastie" });
  expect(
    bsd.jail("web", { "ip4.addr": ["192.0.2.11"], "host.hostname": "web", "exec.start": "/usr/sbin/httpd 80" }),
  ).toBe("web: created\n");
  expect(bsd.jails().rows).toMatchObject([{ jid: 1, name: "web", addresses: "192.0.2.11", processes: 1 }]);
  expect(bsd.view().text).toContain("1 jail");
  expect(bsd.systemCalls().rows.length).toBeGreaterThan(40);
  const host = linux().lxc().lxc();
  expect(host.sh("lxc-create -n a -t none; lxc-ls").output).toBe("a\n");
});

test("FVM's VM reads what is the host's, and its changes are its own until they are committed", () => {
  expect(row("reads a file of the host")["FVM"]).toBe("allowed");
  for (const aspect of ["changes a file of the host", "changes the system's name", "changes a setting of the kernel"])
    expect(row(aspect)["FVM"], aspect).toBe("its own");
  for (const aspect of [
    "signals a process of the host",
    "reaches the host's IPC",
    "reads the host's disk",
    "may set the clock",
    "binds the host's address",
  ])
    expect(row(aspect)["FVM"], aspect).toMatch(/^refused/);
  expect(row("is limited to 20 processes")["FVM"]).toBe("yes");

  const pc = fvm({ name: "PC1" });
  const file = "\\??\\C:\\Windows\\app.exe";
  const inside = pc.create("a", { address: "192.0.2.11" });
  inside.NtCreateFile(file, "write");
  inside.NtWriteFile(file, "infected");
  expect(pc.changes("a").rows).toEqual([{ change: "changed", path: file }]);
  expect(pc.host.NtCreateFile(file, "read")).toBe("an application");
  expect(pc.view().rows).toEqual([{ vm: "a", address: "192.0.2.11", processes: 1, changes: 1 }]);
  expect(pc.commit("a").remove("a").host.NtCreateFile(file, "read")).toBe("infected");
});
