import type { Device } from "./vnode.js";

/** What devfs(8)'s rulesets show: 4 is devfsrules_jail, which hides all but what is harmless. */
const harmless = ["null", "zero", "random", "urandom", "crypto", "tty", "stdin", "stdout", "stderr", "fd"];
export const rulesets: Readonly<Record<number, (device: Device) => boolean>> = {
  0: () => true,
  1: () => false,
  4: ({ name }) => harmless.includes(name),
};
