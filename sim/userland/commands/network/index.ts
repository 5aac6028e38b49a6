import type { Command } from "../../program/command.js";
import { ip } from "./ip.js";
import { iptablesCommands } from "./iptables.js";
import { nameCommands } from "./names.js";
import { ping } from "./ping.js";
import { socketCommands } from "./sockets.js";
import { sysctl } from "./sysctl.js";

export const networkCommands: readonly Command[] = [
  ip,
  ping,
  sysctl,
  ...socketCommands,
  ...iptablesCommands,
  ...nameCommands,
];
