import type { Activity } from "../../core/index.js";
import type { Kernel, Sys } from "../../os/index.js";
import { program } from "../../userland/index.js";
import { systemctl, systemd } from "../init/index.js";
import { installPackage } from "../runtime/package.js";
import { nspawnCommands } from "./commands.js";

/** Installs systemd-container on a running kernel: systemd-nspawn, machinectl, /var/lib/machines. */
export function* installNspawn(sys: Sys, kernel: Kernel): Activity<undefined> {
  for (const one of [...nspawnCommands.map(program), systemd, systemctl]) kernel.install(one);
  return yield* installPackage(sys, {
    programs: [...nspawnCommands.map(({ name }) => `/usr/bin/${name}`), "/usr/bin/systemctl"],
    files: {},
    directories: ["/var/lib/machines"],
  });
}
