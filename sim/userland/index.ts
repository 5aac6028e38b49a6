/**
 * userland: what runs on the simulated Linux: a POSIX shell, and the commands that people use in containers. All of it
 * are programs that make system calls; nothing here knows the kernel.
 *
 * Glossary
 *   program     a generator that makes system calls, as `sim/os` has it
 *   command     a program declared by a table of its options, from which `--help` and the words for mistakes come
 *   shell       the state of one sh: variables, functions, options, traps, jobs; a subshell is a child with a copy
 *   word        what the parser found; a *field* is what expansions made of it
 *   pattern     text in which `*`, `?` and brackets count, and what was quoted is escaped
 *   job         the processes of a pipeline, or of a list in the background
 *   jump        where control goes by break, continue, return, exit
 *
 * shell/        the shell. sh: its command line; script-reader, interactive: where commands come from; syntax: text to
 *               units (the parser is npm's unbash); execution: lists, pipelines, compound commands; simple-command;
 *               expansion, over fields, pattern, pathname, arithmetic, tilde; redirection; processes, jobs, traps;
 *               builtins/; state, variables
 * program/      what commands are made of: command, options, streams, encoding (bytes and text), names of users, quoting
 *               of names, printf, test-expression
 * awk/          POSIX's awk
 * commands/     the commands, by what they are about: curl (HTTP over the sockets of system calls), plain, text (ends, columns, sort, sed, grep), dump, checksums, files (ls,
 *               copying, find, attributes), system (identity, mounts, namespaces, processes), network/ (ip, ping, ss,
 *               iptables, names, by netlink; wget, nc), archives (tar, gzip), diff, dd, timing (timeout, watch), top, xargs
 * archive/      tar and ar archives and gzip, as bytes: of the commands, of images and of packages
 * packages/     package managers: formats (deb, apk-file, paragraphs), versions, files (placing them), scripts; apk/ (database, repositories,
 *               solver, commit), dpkg/ (database, changes), apt/ (lists, resolver, carry-out, questions)
 * servers/      programs that images bring: event-loop (many connections in one process), nginx/, redis/, postgres/, gosu
 * programs      all of them; installation: a root file system with them; run: a script run to its end
 *
 * The shell does what Debian's dash does, whose language is POSIX's (XCU 2) and little more: `local`, `test -nt`; beyond
 * it there are `set -o pipefail`, `$'…'` and LINENO. A child of fork begins with a function of its own (a generator can't
 * be copied), so a subshell runs on a copy of the shell that is made at its clone.
 */
export { furnish, installPrograms, writeRoot } from "./installation.js";
export { capture, runShell, type Result, type RunOptions } from "./run.js";
export { openConsole, type Console } from "./console.js";
export { program, Failure, type Command, type Invocation } from "./program/command.js";
export { decode, encode } from "./program/encoding.js";
export { Output, readAll, writeAll } from "./program/streams.js";
export { execInPath } from "./commands/execution.js";
export { users } from "./program/names.js";
export { gunzip, gzip, isGzip } from "./archive/gzip.js";
export { bytesOf, fileEntry, type EntryType, type Extent, type TarEntry } from "./archive/tar/entry.js";
export { readTar } from "./archive/tar/reader.js";
export { writeTar } from "./archive/tar/writer.js";
export { writeDeb } from "./packages/deb.js";
export { hexOf, readApk, recordText, writeApk, writeIndex, type ApkRecord } from "./packages/apk-file.js";
