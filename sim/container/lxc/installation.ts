import type { Activity } from "../../core/index.js";
import { attempt, describeStatus, Errno, type Kernel, type Program, type Sys } from "../../os/index.js";
import { execInPath, program } from "../../userland/index.js";
import { systemctl, systemd } from "../init/index.js";
import { installPackage } from "../runtime/package.js";
import { lxcCommands } from "./commands.js";
import { raiseBridge } from "./network.js";

/** What every container's configuration begins with: Debian's /etc/lxc/default.conf, without AppArmor and with the bridge. */
const defaultConfiguration = `lxc.net.0.type = veth
lxc.net.0.link = lxcbr0
lxc.net.0.flags = up
lxc.include = /usr/share/lxc/config/common.conf
`;

/** common.conf, as far as there is something for it here. */
const common = `# Default mounts: what hangs on the kernel's own settings is read-only
lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed
# What no container needs: the clock, kernel modules, raw I/O, mandatory access control
lxc.cap.drop = mac_admin mac_override sys_time sys_module sys_rawio
lxc.seccomp.profile = /usr/share/lxc/config/common.seccomp
# Devices: nodes may be made of all, and these be used: null, zero, full, random, urandom; tty, console, ptmx, terminals
lxc.cgroup2.devices.deny = a
lxc.cgroup2.devices.allow = c *:* m
lxc.cgroup2.devices.allow = b *:* m
lxc.cgroup2.devices.allow = c 1:3 rwm
lxc.cgroup2.devices.allow = c 1:5 rwm
lxc.cgroup2.devices.allow = c 1:7 rwm
lxc.cgroup2.devices.allow = c 1:8 rwm
lxc.cgroup2.devices.allow = c 1:9 rwm
lxc.cgroup2.devices.allow = c 5:0 rwm
lxc.cgroup2.devices.allow = c 5:1 rwm
lxc.cgroup2.devices.allow = c 5:2 rwm
lxc.cgroup2.devices.allow = c 136:* rwm
`;

const policy = `2
denylist
[all]
kexec_load errno 1
open_by_handle_at errno 1
init_module errno 1
finit_module errno 1
delete_module errno 1
`;

/** lxc-init: pid 1 of lxc-execute's containers. */
const lxcInit: Program<Sys> = {
  name: "init.lxc",
  *main(sys, argv, env) {
    const words = argv.slice(argv.indexOf("--") + 1);
    const passed = ["SIGTERM", "SIGINT", "SIGHUP", "SIGPWR"] as const;
    let application = 0;
    for (const one of passed)
      yield* sys.rt_sigaction(one, function* () {
        yield* attempt(sys.kill(application, "SIGTERM"));
      });
    application = yield* sys.clone(function* (child) {
      for (const one of passed) yield* child.rt_sigaction(one, "SIG_DFL");
      yield* child.setsid();
      return yield* execInPath(child, words, env, "lxc-init", (command, why) => `lxc-init: ${command}: ${why}`);
    });
    for (;;) {
      const waited = yield* attempt(sys.wait4(-1));
      if (waited instanceof Errno || waited === undefined) continue;
      if (waited.pid !== application) continue;
      const how = describeStatus(waited.status);
      return "exited" in how ? how.exited : 128 + how.signal;
    }
  },
};

/** What the package brings: commands, lxc-init, and the init that its containers boot. */
const lxcPrograms: readonly Program<Sys>[] = [...lxcCommands.map(program), lxcInit, systemd, systemctl];

/** Installs the package on a running kernel: its programs and files, and the bridge lxcbr0 (10.0.3.1/24) as lxc-net makes it. */
export function* installLxc(sys: Sys, kernel: Kernel): Activity<undefined> {
  for (const one of lxcPrograms) kernel.install(one);
  yield* installPackage(sys, {
    programs: [...lxcCommands.map(({ name }) => `/usr/bin/${name}`), "/usr/sbin/init.lxc"],
    files: {
      "/etc/lxc/default.conf": defaultConfiguration,
      "/usr/share/lxc/config/common.conf": common,
      "/usr/share/lxc/config/common.seccomp": policy,
    },
    directories: ["/var/lib/lxc"],
  });
  return yield* raiseBridge(sys);
}
