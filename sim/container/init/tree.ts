import type { Activity } from "../../core/index.js";
import { attempt, type Sys } from "../../os/index.js";
import { writeRoot } from "../../userland/index.js";
import { makeDirectories, writeText } from "../runtime/files.js";
import { writeExecutable } from "../runtime/package.js";
import { enable, readLibrary } from "./library.js";

export interface TreeOptions {
  readonly hostname: string;
  /** Further unit files by name, enabled where they say WantedBy=. */
  readonly units?: Readonly<Record<string, string>>;
}

const packaged = "/usr/lib/systemd/system";

/** What every tree comes with. Services wait for what comes to them; none wakes up by the clock. */
const units: Readonly<Record<string, string>> = {
  "basic.target": "[Unit]\nDescription=Basic System\n",
  "multi-user.target": "[Unit]\nDescription=Multi-User System\nRequires=basic.target\nAfter=basic.target\n",
  "default.target": "[Unit]\nDescription=Default Target\nRequires=multi-user.target\nAfter=multi-user.target\n",
  "tmpfiles.service":
    "[Unit]\nDescription=Create Volatile Files and Directories\nBefore=basic.target\n" +
    "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/mkdir -p /run/lock /var/log\n" +
    "ExecStart=-/usr/bin/mkfifo /run/log\n[Install]\nWantedBy=basic.target\n",
  "networking.service":
    "[Unit]\nDescription=Raise Network Interfaces\nAfter=basic.target\n" +
    "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=-/sbin/ip link set lo up\n[Install]\nWantedBy=multi-user.target\n",
  "syslog.service":
    "[Unit]\nDescription=System Logger\nAfter=tmpfiles.service basic.target\n" +
    '[Service]\nExecStart=/bin/sh -c "exec cat <>/run/log >>/var/log/messages"\nRestart=on-failure\n' +
    "[Install]\nWantedBy=multi-user.target\n",
};

/**
 * Makes a directory a root file system that boots: the simulated userland, systemd as /sbin/init, systemctl, some units.
 * @param root has to be there
 */
export function* makeTree(sys: Sys, root: string, { hostname, units: more = {} }: TreeOptions): Activity<undefined> {
  for (const name of ["bin", "dev", "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys"])
    yield* makeDirectories(sys, `${root}/${name}`);
  yield* writeRoot(sys, root);
  yield* makeDirectories(sys, `${root}/usr/lib/systemd`);
  yield* writeExecutable(sys, `${root}/usr/lib/systemd/systemd`, "systemd");
  yield* attempt(sys.symlink("/usr/lib/systemd/systemd", `${root}/usr/sbin/init`));
  yield* writeExecutable(sys, `${root}/usr/bin/systemctl`, "systemctl");
  yield* writeText(sys, `${root}/etc/hostname`, `${hostname}\n`, true);
  yield* writeText(sys, `${root}/etc/hosts`, `127.0.0.1\tlocalhost\n127.0.1.1\t${hostname}\n`, true);
  for (const [directory, texts] of [
    [packaged, units],
    ["/etc/systemd/system", more],
  ] as const) {
    yield* makeDirectories(sys, `${root}${directory}`);
    for (const [name, text] of Object.entries(texts)) yield* writeText(sys, `${root}${directory}/${name}`, text, true);
  }
  const library = yield* readLibrary(sys, root);
  for (const name of library.units.keys()) yield* enable(sys, library, name, root);
  return undefined;
}
