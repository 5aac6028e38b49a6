import type { Activity } from "../../core/index.js";
import { attempt, Errno, type Sys } from "../../os/index.js";
import { Failure, type Command, type Invocation } from "../program/command.js";
import { compareBytes } from "../program/encoding.js";
import { users } from "../program/names.js";
import { quoteName } from "../program/quoting.js";
import { isPattern, matches } from "../shell/pattern.js";
import { showMode } from "./modes.js";
import { baseName, join, namesIn } from "./tree.js";
import { runCommandLine } from "./xargs.js";

type About = Exclude<Sys["lstat"] extends (...args: never) => Generator<unknown, infer T> ? T : never, Errno>;

interface Visit {
  readonly path: string;
  readonly about: About;
  readonly depth: number;
}

type Test = (visit: Visit) => Activity<boolean>;

/** An expression of find(1): tests and actions, and the options that hold for all. */
class Expression {
  readonly #it: Invocation;
  readonly #words: readonly string[];
  readonly #owners: ReadonlyMap<string, number>;
  readonly #now: number;
  #at = 0;
  acts = false;
  least = 0;
  most = Infinity;
  depthFirst = false;
  /** Not to go into the directory that was visited. */
  pruned = false;
  quit = false;
  readonly #batches: { readonly words: readonly string[]; readonly paths: string[] }[] = [];

  constructor(it: Invocation, words: readonly string[], owners: ReadonlyMap<string, number>, now: number) {
    this.#it = it;
    this.#words = words;
    this.#owners = owners;
    this.#now = now;
  }

  begin(): void {
    this.pruned = false;
  }

  parse(): Test {
    if (this.#words.length === 0) return this.#constant(true);
    const test = this.#or();
    const rest = this.#words[this.#at];
    if (rest === ")") throw new Failure("invalid expression; you have too many ')'");
    if (rest !== undefined) throw new Failure(`paths must precede expression: \`${rest}'`);
    return test;
  }

  *finish(): Activity<undefined> {
    for (const { words, paths } of this.#batches) {
      if (paths.length === 0) continue;
      yield* this.#it.out.flush();
      if ((yield* runCommandLine(this.#it.sys, [...words, ...paths], this.#it.env, "find")) !== 0) this.#it.status = 1;
    }
    return undefined;
  }

  #constant(value: boolean): Test {
    return this.#if(() => value);
  }

  #or(): Test {
    let left = this.#and();
    while (this.#words[this.#at] === "-o" || this.#words[this.#at] === "-or") {
      this.#at++;
      const [before, right] = [left, this.#and()];
      left = function* (visit) {
        return (yield* before(visit)) || (yield* right(visit));
      };
    }
    return left;
  }

  #and(): Test {
    let left = this.#not();
    for (;;) {
      const word = this.#words[this.#at];
      if (word === undefined || word === "-o" || word === "-or" || word === ")") return left;
      if (word === "-a" || word === "-and") this.#at++;
      const [before, right] = [left, this.#not()];
      left = function* (visit) {
        return (yield* before(visit)) && (yield* right(visit));
      };
    }
  }

  #not(): Test {
    const word = this.#words[this.#at];
    if (word !== "!" && word !== "-not") return this.#primary();
    this.#at++;
    const inner = this.#not();
    return function* (visit) {
      return !(yield* inner(visit));
    };
  }

  #argument(of: string): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw new Failure(`missing argument to \`${of}'`);
    return word;
  }

  /** Of -size +5k and its like: +n more, -n less, n exactly. */
  #compare(text: string, of: string, value: (visit: Visit) => number, unit = 1): Test {
    const [, sign, digits] = /^([-+]?)(\d+)$/.exec(text) ?? [];
    if (digits === undefined) throw new Failure(`invalid argument \`${text}' to \`${of}'`);
    const wanted = Number(digits);
    return function* (visit) {
      const have = Math.ceil(value(visit) / unit);
      return sign === "+" ? have > wanted : sign === "-" ? have < wanted : have === wanted;
    };
  }

  #if(holds: (visit: Visit) => boolean): Test {
    return function* (visit) {
      return holds(visit);
    };
  }

  #primary(): Test {
    const word = this.#words[this.#at++] ?? "";
    const age = (nanos: number, unit: number): number => Math.floor((this.#now - nanos) / unit);
    switch (word) {
      case "(": {
        const inner = this.#or();
        if (this.#words[this.#at++] !== ")")
          throw new Failure("invalid expression; expected to find a ')' but didn't see one.");
        return inner;
      }
      case "-name":
      case "-iname": {
        const pattern = this.#argument(word);
        const fold = (text: string): string => (word === "-iname" ? text.toLowerCase() : text);
        return this.#if(({ path }) => matches(fold(pattern), fold(baseName(path))));
      }
      case "-path":
      case "-wholename": {
        const pattern = this.#argument(word);
        return this.#if(({ path }) => (isPattern(pattern) ? matches(pattern, path) : pattern === path));
      }
      case "-type": {
        const letters = this.#argument(word).split(",");
        const types = letters.map(
          (letter) =>
            ({ f: 0o100000, d: 0o040000, l: 0o120000, p: 0o010000, s: 0o140000, c: 0o020000, b: 0o060000 })[letter],
        );
        if (types.includes(undefined)) throw new Failure(`Unknown argument to -type: ${letters.join(",")}`);
        return this.#if(({ about }) => types.includes(about.mode & 0o170000));
      }
      case "-size": {
        const text = this.#argument(word);
        const unit = { c: 1, w: 2, b: 512, k: 1024, M: 1048576, G: 1073741824 }[text.slice(-1)];
        return this.#compare(
          unit === undefined ? text : text.slice(0, -1),
          word,
          ({ about }) => about.size,
          unit ?? 512,
        );
      }
      case "-empty": {
        const { sys } = this.#it;
        return function* ({ path, about }) {
          if ((about.mode & 0o170000) === 0o100000) return about.size === 0;
          const names = (about.mode & 0o170000) === 0o040000 ? yield* namesIn(sys, path) : undefined;
          return Array.isArray(names) && names.length === 0;
        };
      }
      case "-mtime":
        return this.#compare(this.#argument(word), word, ({ about }) => age(about.mtime, 86_400e9));
      case "-mmin":
        return this.#compare(this.#argument(word), word, ({ about }) => (this.#now - about.mtime) / 60e9);
      case "-links":
        return this.#compare(this.#argument(word), word, ({ about }) => about.nlink);
      case "-inum":
        return this.#compare(this.#argument(word), word, ({ about }) => about.ino);
      case "-user":
      case "-uid": {
        const text = this.#argument(word);
        const uid = this.#owners.get(text) ?? Number(text);
        if (Number.isNaN(uid)) throw new Failure(`${quoteName(text)} is not the name of a known user`);
        return this.#if(({ about }) => about.uid === uid);
      }
      case "-perm": {
        const text = this.#argument(word);
        const [, how, digits] = /^([-/]?)([0-7]+)$/.exec(text) ?? [];
        if (digits === undefined) throw new Failure(`invalid mode ${quoteName(text)}`);
        const bits = Number.parseInt(digits, 8);
        return this.#if(({ about }) => {
          const mode = about.mode & 0o7777;
          return how === "-" ? (mode & bits) === bits : how === "/" ? bits === 0 || (mode & bits) !== 0 : mode === bits;
        });
      }
      case "-maxdepth":
        this.most = Number(this.#argument(word));
        return this.#constant(true);
      case "-mindepth":
        this.least = Number(this.#argument(word));
        return this.#constant(true);
      case "-depth":
        this.depthFirst = true;
        return this.#constant(true);
      case "-true":
        return this.#constant(true);
      case "-false":
        return this.#constant(false);
      case "-xdev":
      case "-mount":
        return this.#constant(true);
      default:
        return this.#action(word);
    }
  }

  #action(word: string): Test {
    const it = this.#it;
    const shows = (text: (visit: Visit) => string): Test => {
      this.acts = true;
      return function* (visit) {
        it.out.put(text(visit));
        yield* it.out.drain();
        return true;
      };
    };
    switch (word) {
      case "-print":
        return shows(({ path }) => `${path}\n`);
      case "-print0":
        return shows(({ path }) => `${path}\0`);
      case "-ls":
        return shows(
          ({ path, about }) =>
            `${String(about.ino).padStart(9)} ${String(about.blocks / 2).padStart(6)} ${showMode(about.mode)} ${String(about.nlink).padStart(3)} ${about.uid} ${about.gid} ${about.size} ${path}\n`,
        );
      case "-prune":
        return this.#if(() => (this.pruned = true));
      case "-quit":
        this.acts = true;
        return this.#if(() => (this.quit = true));
      case "-delete":
        this.acts = this.depthFirst = true;
        return function* ({ path, about }) {
          if (path === ".") return true;
          const failure = yield* attempt(
            (about.mode & 0o170000) === 0o040000 ? it.sys.rmdir(path) : it.sys.unlink(path),
          );
          if (failure instanceof Errno) yield* it.complain(`cannot delete ${quoteName(path)}: ${failure.message}`);
          return !(failure instanceof Errno);
        };
      case "-exec": {
        this.acts = true;
        const words: string[] = [];
        for (;;) {
          const next = this.#words[this.#at++];
          if (next === undefined) throw new Failure("missing argument to `-exec'");
          if (next === ";") break;
          if (next === "+" && words.at(-1) === "{}") {
            const batch = { words: words.slice(0, -1), paths: [] as string[] };
            this.#batches.push(batch);
            return this.#if(({ path }) => batch.paths.push(path) > 0);
          }
          words.push(next);
        }
        return function* ({ path }) {
          yield* it.out.flush();
          return (
            (yield* runCommandLine(
              it.sys,
              words.map((one) => one.replaceAll("{}", path)),
              it.env,
              "find",
            )) === 0
          );
        };
      }
      default:
        throw new Failure(
          /^-/.test(word) ? `unknown predicate \`${word}'` : `paths must precede expression: \`${word}'`,
        );
    }
  }
}

/** Asked behind a visit, which may have changed it. */
const hasQuit = (expression: Expression): boolean => expression.quit;

function* visit(it: Invocation, expression: Expression, test: Test, path: string, depth: number): Activity<undefined> {
  const about = yield* attempt(it.has("L") ? it.sys.stat(path) : it.sys.lstat(path));
  if (about instanceof Errno) {
    yield* it.complain(`${quoteName(path)}: ${about.message}`);
    return undefined;
  }
  const apply = function* (): Activity<undefined> {
    if (depth < expression.least || expression.quit) return undefined;
    const holds = yield* test({ path, about, depth });
    if (holds && !expression.acts) it.out.put(`${path}\n`);
    yield* it.out.drain();
    return undefined;
  };
  expression.begin();
  if (!expression.depthFirst) yield* apply();
  const enters =
    (about.mode & 0o170000) === 0o040000 && depth < expression.most && !expression.pruned && !expression.quit;
  if (enters) {
    const names = yield* namesIn(it.sys, path);
    if (names instanceof Errno) yield* it.complain(`${quoteName(path)}: ${names.message}`);
    else
      for (const name of [...names].sort(compareBytes)) {
        yield* visit(it, expression, test, join(path, name), depth + 1);
        if (hasQuit(expression)) break;
      }
  }
  if (expression.depthFirst) yield* apply();
  return undefined;
}

export const find: Command = {
  name: "find",
  usage: ["[-L] [path...] [expression]"],
  about: "Search for files in a directory hierarchy.",
  options: [
    { short: "L", help: "follow symbolic links" },
    { short: "H", help: "(ignored)" },
    { short: "P", help: "never follow symbolic links" },
  ],
  rewrite: (words) => {
    const at = words.findIndex((word) => !/^-[LHP]$/.test(word));
    return at < 0 ? words : [...words.slice(0, at), "--", ...words.slice(at)];
  },
  *run(it) {
    const first = it.operands.findIndex((word) => /^[-(!]/.test(word));
    const paths = first < 0 ? it.operands : it.operands.slice(0, first);
    const owners = new Map((yield* users(it.sys)).map(({ name, uid }) => [name, uid]));
    const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
    const expression = new Expression(it, first < 0 ? [] : it.operands.slice(first), owners, now);
    const test = expression.parse();
    for (const path of paths.length === 0 ? ["."] : paths)
      if (!hasQuit(expression)) yield* visit(it, expression, test, path, 0);
    yield* expression.finish();
    return it.status;
  },
};
