import { invariant, nearest, UsageError } from "../../sim/core/index.js";
import { firstCommand, leadingCommands, question, type Command, type Question } from "./command.js";
import { listing, spelling } from "./listing.js";
import type { Ending, Magic, MagicContext } from "./magic.js";
import { endUsage } from "./usage-ending.js";

/** The magics of a session. */
export interface Magics {
  /**
   * Takes in a magic that code in cells carries out, in place of an earlier one by its name.
   * @returns false where the name is one of the kernel's own
   */
  add(magic: Omit<Magic, "run">): boolean;
  /** Runs a cell's commands; undefined where it has none and is TypeScript throughout. */
  run(cell: string, context: MagicContext): Promise<Ending> | undefined;
  /**
   * What of a cell is TypeScript: all else is blank, and every place is the same. Undefined where its body is
   * written in another language, or it asks about a magic.
   */
  typeScript(cell: string): string | undefined;
  /** Whether a line begins with a magic that there is, and which. */
  startsWith(line: string): string | undefined;
  /** The magics that fit at an offset; undefined where no magic's line is. */
  complete(cell: string, offset: number): MagicCompletions | undefined;
  /** Whether a console may run what was typed; undefined where that is TypeScript's to say. */
  isComplete(cell: string): "complete" | "incomplete" | undefined;
}

/** Offsets in UTF-16 units. */
interface MagicCompletions {
  readonly start: number;
  readonly end: number;
  readonly matches: readonly { readonly text: string; readonly kind: string }[];
}

/** @param list every name once for each kind; `%lsmagic` is added */
export function createMagics(list: readonly Magic[]): Magics {
  const magics: Magic[] = [...list];
  magics.push(listing(magics));
  const byName = new Map(magics.map((magic) => [spelling(magic), magic]));
  const own = new Set(byName.keys());
  invariant(byName.size === magics.length, "two magics have the same name");

  async function find({ kind, name }: Command, context: MagicContext): Promise<Magic> {
    const spelled = spelling({ kind, name });
    if (!byName.has(spelled)) await context.loadApi();
    const magic = byName.get(spelled);
    if (magic !== undefined) return magic;
    const other = byName.get(spelling({ kind: kind === "line" ? "cell" : "line", name }));
    const likely = other === undefined ? nearest(spelled, [...byName.keys()]) : spelling(other);
    throw new UsageError(`There is no magic ${spelled}`, `Did you mean ${likely ?? ""}? %lsmagic lists all.`);
  }

  async function obey(command: Command, context: MagicContext): Promise<Ending> {
    const magic = await find(command, context);
    const ending = (await magic.run(context, command.args, command.kind === "cell" ? command.rest : "")) ?? {
      status: "ok",
    };
    const last = magic.kind === "cell" || command.rest.trim() === "";
    return last || ending.status === "error" ? ending : context.run(command.rest);
  }

  async function answer({ name, source }: Question, context: MagicContext): Promise<Ending> {
    const data = name.startsWith("%") ? about(name) : await context.document(name, source);
    if (data === undefined) {
      const hint = name.startsWith("%") ? "%lsmagic lists all magics." : "Run the cell that declares it first.";
      throw new UsageError(`Nothing is known about ${name}`, hint);
    }
    context.page(data);
    return { status: "ok" };
  }

  function about(spelled: string): Readonly<Record<string, string>> | undefined {
    const magic = byName.get(spelled);
    return magic && { "text/plain": `${spelled} ${magic.usage}`.trimEnd() + `\n\n${magic.help}` };
  }

  return {
    add({ name, kind, usage, help, language }) {
      const spelled = spelling({ kind, name });
      if (own.has(spelled)) return false;
      const magic: Magic = {
        ...{ name, kind, usage, help, ...(language === undefined ? {} : { language }) },
        run: (context, args, body) => context.perform(spelled, args, body),
      };
      const before = byName.get(spelled);
      if (before === undefined) magics.push(magic);
      else magics[magics.indexOf(before)] = magic;
      byName.set(spelled, magic);
      return true;
    },
    run(cell, context) {
      const asked = question(cell);
      if (asked !== undefined) return endUsage(() => answer(asked, context));
      const command = firstCommand(cell);
      return command && endUsage(() => obey(command, context));
    },
    typeScript(cell) {
      const asked = question(cell);
      if (asked !== undefined) return asked.name.startsWith("%") ? undefined : cell.replaceAll("?", " ");
      let rest = cell;
      for (const command of leadingCommands(cell)) {
        if (byName.get(spelling(command))?.language !== undefined) return undefined;
        ({ rest } = command);
      }
      return rest;
    },
    startsWith(line) {
      const command = firstCommand(line);
      return command && byName.has(spelling(command)) ? spelling(command) : undefined;
    },
    complete(cell, offset) {
      const command = [...leadingCommands(cell)].find(({ lineEnd }) => offset <= lineEnd);
      if (command === undefined) return undefined;
      const { kind, name, end } = command;
      const start = command.start - (kind === "line" ? 1 : 2);
      if (offset <= start || offset > end) return { start: offset, end: offset, matches: [] };
      // `%` may become `%%`: both kinds fit there.
      const fits = magics.filter((magic) => magic.name.startsWith(name) && (kind === "line" || magic.kind === "cell"));
      return { start, end, matches: fits.map((magic) => ({ text: spelling(magic), kind: "magic" })) };
    },
    isComplete(cell) {
      if (question(cell) !== undefined) return "complete";
      const commands = [...leadingCommands(cell)];
      // The body may be in any language: an empty line ends it.
      if (commands.some(({ kind }) => kind === "cell")) return /\n[ \t\r]*$/.test(cell) ? "complete" : "incomplete";
      return commands.at(-1)?.rest.trim() === "" ? "complete" : undefined;
    },
  };
}
