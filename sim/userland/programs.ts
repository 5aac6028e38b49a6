import type { Program, Sys } from "../os/index.js";
import { awk } from "./awk/index.js";
import { archiveCommands } from "./commands/archives.js";
import { checksumCommands } from "./commands/checksums.js";
import { curl } from "./commands/curl.js";
import { dd } from "./commands/dd.js";
import { diff } from "./commands/diff.js";
import { dumpCommands } from "./commands/dump.js";
import { fileCommands } from "./commands/files.js";
import { grep } from "./commands/grep.js";
import { plainCommands } from "./commands/plain.js";
import { sed } from "./commands/sed.js";
import { systemCommands } from "./commands/system.js";
import { textCommands } from "./commands/text.js";
import { timingCommands } from "./commands/timing.js";
import { top } from "./commands/top.js";
import { xargs } from "./commands/xargs.js";
import { program } from "./program/command.js";
import { sh } from "./shell/sh.js";

/** Every program of this userland. */
export const programs: readonly Program<Sys>[] = [
  sh,
  ...plainCommands,
  ...fileCommands,
  ...textCommands,
  ...systemCommands,
  ...[...archiveCommands, ...dumpCommands, ...checksumCommands, ...timingCommands].map(program),
  ...[awk, curl, dd, diff, grep, sed, top, xargs].map(program),
];
