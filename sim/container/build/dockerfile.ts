import type { InstructionOf, StageInstruction } from "./instruction.js";
import { mistake, readLines } from "./lines.js";
import { parseInstruction } from "./parse.js";
import { UsageError } from "../../core/index.js";

/** What stands from one FROM up to the next. */
export interface Stage {
  readonly index: number;
  readonly from: InstructionOf<"FROM">;
  readonly name?: string;
  readonly instructions: readonly StageInstruction[];
}

export interface Dockerfile {
  readonly escape: string;
  /** ARG before the first FROM: for FROM alone. */
  readonly args: readonly InstructionOf<"ARG">[];
  readonly stages: readonly Stage[];
}

/** Reads a Dockerfile. @throws UsageError that names the line, in Docker's words */
export function parseDockerfile(text: string): Dockerfile {
  const { lines, escape } = readLines(text);
  if (lines.length === 0) throw new UsageError("the Dockerfile (Dockerfile) cannot be empty", "Begin it with FROM.");
  const args: InstructionOf<"ARG">[] = [];
  const stages: (Stage & { readonly instructions: StageInstruction[] })[] = [];
  for (const line of lines) {
    const instruction = parseInstruction(line, escape);
    const stage = stages.at(-1);
    if (instruction.keyword === "FROM") {
      const { name } = instruction;
      if (name !== undefined && stages.some((one) => one.name === name))
        throw mistake(line.line, `duplicate name ${name}`, "Give each stage a name of its own.");
      stages.push({ index: stages.length, from: instruction, instructions: [], ...(name !== undefined && { name }) });
    } else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.keyword === "ARG") args.push(instruction);
    else throw mistake(line.line, "no build stage in current context", "Only ARG may stand before the first FROM.");
  }
  if (stages.length === 0) throw new UsageError("the Dockerfile has no FROM", "Begin it with FROM image.");
  return { args, stages, escape };
}

/** The stage that a name or a number means. Undefined where it means an image. */
export function findStage(stages: readonly Stage[], reference: string): Stage | undefined {
  const byName = stages.find(({ name }) => name === reference.toLowerCase());
  if (byName !== undefined) return byName;
  return /^\d+$/.test(reference) ? stages[Number(reference)] : undefined;
}

/** The stage that a build ends with. @throws UsageError for a target that there isn't */
export function targetStage({ stages }: Dockerfile, target: string | undefined): Stage {
  const found = target === undefined || target === "" ? stages.at(-1) : findStage(stages, target);
  if (found === undefined)
    throw new UsageError(
      `target stage "${target ?? ""}" could not be found`,
      `There are ${stages.map(({ name, index }) => name ?? String(index)).join(", ")}.`,
    );
  return found;
}
