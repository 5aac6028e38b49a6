import { encodeUtf8 } from "../../core/index.js";
import type { ExecutionConfig } from "../image/oci.js";
import { fileEntry } from "../../userland/index.js";
import type { Dependencies } from "./cache.js";
import { checksumOf, type FileSet } from "./file-set.js";
import { argsOf, type InstructionOf } from "./instruction.js";
import { select } from "./selection.js";
import type { Variables } from "./variables.js";
import type { RunStep, StepMount } from "./worker.js";

/** A RUN, ready to be executed. */
export interface Composed {
  readonly step: Omit<RunStep, "output">;
  /** As history tells it: the build arguments that it sees stand before it. */
  readonly text: string;
  readonly dependencies: Dependencies;
}

/**
 * What a RUN executes, with what environment and mounts, and what its outcome depends on: a bind mount's files count, a cache
 * doesn't.
 * @param sources what each of its mounts takes its files from
 */
export function composed(
  { command, script, mounts: wanted }: InstructionOf<"RUN">,
  sources: readonly FileSet[],
  config: ExecutionConfig,
  variables: Variables,
): Composed {
  const mounts: StepMount[] = [];
  const files = new Map<string, string>();
  for (const [place, { target, readonly, type, source, id }] of wanted.entries()) {
    if (type !== "bind") {
      mounts.push({ target, readonly, content: type === "tmpfs" ? "tmpfs" : { cache: id } });
      continue;
    }
    const picked = { keyword: "COPY", sources: [source], exclude: [], parents: false } as const;
    const content = select(sources[place] ?? new Map(), { path: "/", isDirectory: true }, picked);
    for (const entry of content) files.set(`${target}/${entry.name}`, checksumOf(entry));
    mounts.push({ target, readonly, content });
  }
  // A here-document with an interpreter of its own is a file that is executed; all others are the shell's.
  const own = script?.content.startsWith("#!") === true ? script : undefined;
  const args = own === undefined ? argsOf(command, config) : [`${pipes}/${own.name}`];
  if (own !== undefined) {
    const file = fileEntry(own.name, encodeUtf8(own.content), { mode: 0o755 });
    mounts.push({ target: pipes, readonly: true, content: [file] });
  }
  const seen = variables.seen(config);
  const given = [...seen].map(([name, value]) => `${name}=${value}`);
  const { Env = [], WorkingDir = "/", User } = config;
  const shown = own?.content ?? args.join(" ");
  return {
    step: { args, env: [...Env, ...given, ...variables.proxies], cwd: WorkingDir, user: User, mounts },
    text: `RUN ${given.length === 0 ? "" : `|${given.length} ${given.join(" ")} `}${shown}`,
    dependencies: { text: `RUN ${args.join("\0")}${own?.content ?? ""}`, args: seen, files },
  };
}

/** Where BuildKit has here-documents' files. */
const pipes = "/dev/pipes";
