import type { Redirection } from "unbash";
import type { Activity } from "../../core/index.js";
import {
  attempt,
  Errno,
  O_APPEND,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  type Sys,
} from "../../os/index.js";
import { encode } from "../program/encoding.js";
import { writeAll } from "../program/streams.js";
import { expandHereDocument, expandString } from "./expansion.js";
import { ShellError, type Shell } from "./state.js";

/** A redirection whose words are expanded. */
export type Redirect =
  | { readonly kind: "open"; readonly fd: number; readonly path: string; readonly flags: number }
  | { readonly kind: "duplicate"; readonly fd: number; readonly from: number }
  | { readonly kind: "close"; readonly fd: number }
  | { readonly kind: "text"; readonly fd: number; readonly text: string };

/** Where the shell keeps descriptors that it puts back later: F_DUPFD's lowest, as in dash. */
const savedFrom = 10;

/** How much a here-document may be to lie in a pipe that nobody reads yet (PIPE_BUF in dash, the pipe's size at most). */
const pipeSize = 65536;

/** Expands the words of redirections, in order. @throws ShellError */
export function* expandRedirects(shell: Shell, redirections: readonly Redirection[]): Activity<Redirect[]> {
  const all: Redirect[] = [];
  for (const one of redirections) {
    const reads = one.operator.startsWith("<");
    const fd = one.descriptor?.type === "FileDescriptor" ? one.descriptor.value : reads ? 0 : 1;
    if (one.descriptor?.type === "FileDescriptorVariable") throw new ShellError("Syntax error: Bad fd name");
    if (one.type === "HereDoc") {
      all.push({ kind: "text", fd, text: yield* expandHereDocument(shell, one) });
      continue;
    }
    if (one.target === undefined) throw new ShellError("Syntax error: newline unexpected");
    const target = yield* expandString(shell, one.target);
    if (one.type === "HereString") all.push({ kind: "text", fd, text: `${target}\n` });
    else if (one.operator === "<&" || one.operator === ">&") {
      if (target === "-") all.push({ kind: "close", fd });
      else if (/^\d+$/.test(target)) all.push({ kind: "duplicate", fd, from: Number(target) });
      else throw new ShellError("Syntax error: Bad fd number");
    } else if (one.operator === "&>" || one.operator === "&>>") {
      all.push({ kind: "open", fd: 1, path: target, flags: flagsOf(one.operator.slice(1), shell) });
      all.push({ kind: "duplicate", fd: 2, from: 1 });
    } else all.push({ kind: "open", fd, path: target, flags: flagsOf(one.operator, shell) });
  }
  return all;
}

function flagsOf(operator: string, shell: Shell): number {
  switch (operator) {
    case "<":
      return O_RDONLY;
    case "<>":
      return O_RDWR | O_CREAT;
    case ">>":
      return O_WRONLY | O_CREAT | O_APPEND;
    case ">":
      return shell.options.has("C") ? O_WRONLY | O_CREAT | O_EXCL : O_WRONLY | O_CREAT | O_TRUNC;
    default:
      return O_WRONLY | O_CREAT | O_TRUNC;
  }
}

/** Does redirections for good. @throws ShellError (status 2) for what can't be opened */
export function* redirect(sys: Sys, redirects: readonly Redirect[]): Activity<undefined> {
  for (const one of redirects) {
    switch (one.kind) {
      case "close":
        yield* attempt(sys.close(one.fd));
        break;
      case "duplicate": {
        const done = yield* attempt(sys.dup2(one.from, one.fd));
        if (done instanceof Errno) throw new ShellError(`${one.from}: ${done.message}`);
        break;
      }
      case "open": {
        const fd = yield* attempt(openFor(sys, one.path, one.flags));
        if (fd instanceof Errno) {
          const writes = (one.flags & 3) !== O_RDONLY;
          // dash's words: cannot create or open, and ENOENT as a missing directory.
          const why = fd.code === "ENOENT" ? (writes ? "Directory nonexistent" : "No such file") : fd.message;
          throw new ShellError(`cannot ${writes ? "create" : "open"} ${one.path}: ${why}`);
        }
        yield* move(sys, fd, one.fd);
        break;
      }
      case "text":
        yield* move(sys, yield* hereDocument(sys, encode(one.text)), one.fd);
        break;
    }
  }
  return undefined;
}

/** `set -C` spares files, but not devices. */
function* openFor(sys: Sys, path: string, flags: number): Activity<number> {
  if ((flags & O_EXCL) === 0) return yield* sys.open(path, flags, 0o666);
  const about = yield* attempt(sys.stat(path));
  const exists = !(about instanceof Errno) && (about.mode & 0o170000) !== 0o100000;
  return yield* sys.open(path, exists ? flags & ~(O_EXCL | O_CREAT) : flags, 0o666);
}

function* move(sys: Sys, from: number, to: number): Activity<undefined> {
  if (from === to) return undefined;
  yield* sys.dup2(from, to);
  yield* sys.close(from);
  return undefined;
}

/** A pipe that a here-document lies in; one that is too long is written by a child. */
function* hereDocument(sys: Sys, bytes: Uint8Array): Activity<number> {
  const [reader, writer] = yield* sys.pipe2();
  if (bytes.length <= pipeSize) yield* writeAll(sys, writer, bytes);
  else
    yield* sys.clone(function* (child) {
      yield* child.close(reader);
      yield* writeAll(child, writer, bytes);
    });
  yield* sys.close(writer);
  return reader;
}

/** What undoes redirections: the descriptors as they were. */
export type Saved = readonly { readonly fd: number; readonly copy: number | undefined }[];

/** Does redirections for a while. */
export function* redirectFor(sys: Sys, redirects: readonly Redirect[]): Activity<Saved> {
  const saved: { fd: number; copy: number | undefined }[] = [];
  for (const { fd } of redirects) {
    if (saved.some((one) => one.fd === fd)) continue;
    const copy = yield* attempt(sys.fcntl(fd, "F_DUPFD_CLOEXEC", savedFrom));
    saved.push({ fd, copy: copy instanceof Errno ? undefined : copy });
  }
  try {
    yield* redirect(sys, redirects);
  } catch (error) {
    yield* restore(sys, saved);
    throw error;
  }
  return saved;
}

export function* restore(sys: Sys, saved: Saved): Activity<undefined> {
  for (const { fd, copy } of saved) {
    if (copy === undefined) yield* attempt(sys.close(fd));
    else yield* move(sys, copy, fd);
  }
  return undefined;
}
