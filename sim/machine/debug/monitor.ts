import { nearest, UsageError } from "../../core/index.js";
import type { DebugTarget, MonitorCommand } from "./target.js";

/** What `monitor words` prints. */
export function monitor({ commands = {} }: DebugTarget, line: string): string {
  const [name = "", ...words] = line.trim().split(/\s+/);
  const all: Readonly<Record<string, MonitorCommand>> = {
    ...commands,
    help: {
      help: "this list",
      run: () =>
        Object.entries(all)
          .map(([command, { help }]) => `${command.padEnd(12)}${help}\n`)
          .join(""),
    },
  };
  const command = Object.hasOwn(all, name) ? all[name] : undefined;
  if (command === undefined) {
    const near = nearest(name, Object.keys(all)) ?? "help";
    return `There is no command "${name}". Did you mean "${near}"? "monitor help" lists them.\n`;
  }
  try {
    const text = command.run(words);
    return text.endsWith("\n") ? text : `${text}\n`;
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    return `${thrown.message}\n${thrown.hint}\n`;
  }
}
