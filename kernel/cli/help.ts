import type { CommandSpec } from "./arguments.js";

/** Two columns, the right one aligned. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}

export function helpOfCommand({ name, takes, summary, options }: CommandSpec): string {
  const rows = Object.entries(options).map(([option, { takes: value, short, help }]): [string, string] => [
    `${short === undefined ? "" : `-${short}, `}--${option}${value === undefined ? "" : ` ${value}`}`,
    help,
  ]);
  const usage = ["virtlab", name, takes, rows.length > 0 ? "[options]" : undefined].filter(
    (part) => part !== undefined,
  );
  return [`usage: ${usage.join(" ")}`, "", summary, ...(rows.length > 0 ? ["", columns(rows)] : [])].join("\n");
}

export function helpOfAll(commands: readonly CommandSpec[]): string {
  return [
    "usage: virtlab COMMAND [options]",
    "",
    "A Jupyter kernel for TypeScript with a simulator of virtual machines, containers and orchestration inside it.",
    "",
    columns(commands.map(({ name, summary }) => [name, summary])),
    "",
    "virtlab COMMAND --help says more; virtlab --version prints the version.",
  ].join("\n");
}
