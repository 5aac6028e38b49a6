import type { Command } from "../../program/command.js";
import { ip } from "./ip.js";
import { iptablesCommands } from "./iptables.js";
import { nc } from "./nc.js";
import { nameCommands } from "./names.js";
import { ping } from "./ping.js";
import { socketCommands } from "./sockets.js";
import { sysctl } from "./sysctl.js";
import { wget } from "./wget.js";

export const networkCommands: readonly Command[] = [
  ip,
  nc,
  ping,
  sysctl,
  wget,
  ...socketCommands,
  ...iptablesCommands,
  ...nameCommands,
];
