import type { Activity } from "../../../core/index.js";
import { attempt, Errno, O_RDONLY, type Sys } from "../../../os/index.js";
import { decode } from "../../program/encoding.js";
import { readAll } from "../../program/streams.js";

/** A directive of a configuration file: `name argument… ;` or `name argument… { … }`. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly block: readonly Directive[] | undefined;
  readonly file: string;
  readonly line: number;
}

/** A mistake in a configuration, in nginx's words. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export const at = ({ file, line }: { readonly file: string; readonly line: number }): string => `in ${file}:${line}`;

interface Token {
  readonly text: string;
  readonly quoted: boolean;
  readonly line: number;
}

/** What follows a backslash in quotes. */
const escapes: Readonly<Record<string, string>> = {
  ...{ '"': '"', "'": "'", "\\": "\\" },
  ...{ n: "\n", r: "\r", t: "\t" },
};

/** Words, `;`, `{` and `}`; words may be quoted, comments go to the end of the line. */
function tokensOf(text: string, file: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (let place = 0; place < text.length;) {
    const one = text[place] ?? "";
    if (one === "\n") line++;
    if (/\s/.test(one)) place++;
    else if (one === "#") {
      const end = text.indexOf("\n", place);
      place = end < 0 ? text.length : end;
    } else if (one === ";" || one === "{" || one === "}") {
      tokens.push({ text: one, quoted: false, line });
      place++;
    } else if (one === '"' || one === "'") {
      let word = "";
      const begun = line;
      for (place++; place < text.length && text[place] !== one; place++) {
        if (text[place] === "\n") line++;
        const escaped = text[place] === "\\" ? escapes[text[place + 1] ?? ""] : undefined;
        if (escaped !== undefined) place++;
        word += escaped ?? text[place] ?? "";
      }
      if (place >= text.length)
        throw new ConfigError(`unexpected end of file, expecting ";" or "}" in ${file}:${line}`);
      place++;
      tokens.push({ text: word, quoted: true, line: begun });
    } else {
      const [word = ""] = /^(?:\\.|\$\{\w*\}|[^\s;{}\\])+/s.exec(text.slice(place)) ?? [one];
      tokens.push({ text: word, quoted: false, line });
      place += word.length;
    }
  }
  return tokens;
}

/** What a text says. @throws ConfigError */
export function parseDirectives(text: string, file: string): Directive[] {
  const tokens = tokensOf(text, file);
  let place = 0;
  const last = (text.match(/\n/g)?.length ?? 0) + 1;
  const block = (inner: boolean): Directive[] => {
    const all: Directive[] = [];
    let words: Token[] = [];
    for (;;) {
      const token = tokens[place++];
      const mark = token?.quoted === false ? token.text : undefined;
      if (token === undefined) {
        if (words.length > 0 || inner)
          throw new ConfigError(
            `unexpected end of file, expecting "${inner && words.length === 0 ? "}" : '";" or "}'}" in ${file}:${last}`,
          );
        return all;
      }
      const where = `in ${file}:${token.line}`;
      if (mark === "}") {
        if (!inner || words.length > 0) throw new ConfigError(`unexpected "}" ${where}`);
        return all;
      }
      if (mark !== ";" && mark !== "{") {
        words.push(token);
        continue;
      }
      const [name, ...args] = words;
      if (name === undefined) throw new ConfigError(`unexpected "${mark}" ${where}`);
      words = [];
      all.push({
        name: name.text,
        args: args.map((one) => one.text),
        block: mark === "{" ? block(true) : undefined,
        file,
        line: name.line,
      });
    }
  };
  return block(false);
}

/** A file's directives, with those that it includes in their place. @throws ConfigError */
export function* readDirectives(sys: Sys, path: string, from?: Directive): Activity<readonly Directive[]> {
  const fd = yield* attempt(sys.open(path, O_RDONLY));
  if (fd instanceof Errno) {
    const where = from === undefined ? "" : ` ${at(from)}`;
    throw new ConfigError(`open() "${path}" failed (${fd.number}: ${fd.message})${where}`);
  }
  const text = decode(yield* readAll(sys, fd));
  yield* sys.close(fd);
  return yield* included(sys, parseDirectives(text, path), path.slice(0, path.lastIndexOf("/")));
}

function* included(sys: Sys, directives: readonly Directive[], directory: string): Activity<readonly Directive[]> {
  const all: Directive[] = [];
  for (const one of directives) {
    if (one.name === "include") {
      const [given = ""] = one.args;
      const path = given.startsWith("/") ? given : `${directory}/${given}`;
      for (const file of yield* filesOf(sys, path)) all.push(...(yield* readDirectives(sys, file, one)));
    } else all.push(one.block === undefined ? one : { ...one, block: yield* included(sys, one.block, directory) });
  }
  return all;
}

/** The files that a pattern with `*` in its last part names, in their order. */
function* filesOf(sys: Sys, pattern: string): Activity<readonly string[]> {
  if (!pattern.includes("*")) return [pattern];
  const end = pattern.lastIndexOf("/");
  const directory = pattern.slice(0, end);
  const fd = yield* attempt(sys.open(directory, O_RDONLY));
  if (fd instanceof Errno) return [];
  const names = (yield* sys.getdents64(fd)).map(({ name }) => name);
  yield* sys.close(fd);
  const quote = (part: string): string => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  const matches = new RegExp(
    `^${pattern
      .slice(end + 1)
      .split("*")
      .map(quote)
      .join(".*")}$`,
  );
  return names
    .filter((name) => !name.startsWith(".") && matches.test(name))
    .sort()
    .map((name) => `${directory}/${name}`);
}
