import type { Activity } from "../../core/index.js";
import { attempt, Errno } from "../../os/index.js";
import { Failure, UsageFailure, type Command, type Invocation } from "../program/command.js";
import { groups, users } from "../program/names.js";
import { quoteName } from "../program/quoting.js";
import { execInPath } from "./execution.js";

function* showIdentity(it: Invocation): Activity<number> {
  const [wanted] = it.operands;
  const all = yield* users(it.sys);
  const names = yield* groups(it.sys);
  let uid = it.has("r") || wanted !== undefined ? yield* it.sys.getuid() : yield* it.sys.geteuid();
  let gid = it.has("r") ? yield* it.sys.getgid() : yield* it.sys.getegid();
  let others = yield* it.sys.getgroups();
  if (wanted !== undefined) {
    const user = all.find(({ name, uid: one }) => name === wanted || String(one) === wanted);
    if (user === undefined) throw new Failure(`${quoteName(wanted)}: no such user`);
    uid = user.uid;
    gid = user.gid;
    others = names.filter(({ members }) => members.includes(user.name)).map((group) => group.gid);
  }
  const gids = [gid, ...others.filter((one) => one !== gid)];
  const userName = (id: number): string | undefined => all.find((user) => user.uid === id)?.name;
  const groupName = (id: number): string | undefined => names.find((group) => group.gid === id)?.name;
  const shown = it.has("n");
  if (shown && !it.has("u", "g", "G")) throw new Failure("cannot print only names or real IDs in default format");
  if (it.has("u")) it.out.put(`${shown ? (userName(uid) ?? uid) : uid}\n`);
  else if (it.has("g")) it.out.put(`${shown ? (groupName(gid) ?? gid) : gid}\n`);
  else if (it.has("G")) it.out.put(`${gids.map((id) => (shown ? (groupName(id) ?? id) : id)).join(" ")}\n`);
  else {
    const named = (id: number, name: string | undefined): string =>
      name === undefined ? String(id) : `${id}(${name})`;
    it.out.put(
      `uid=${named(uid, userName(uid))} gid=${named(gid, groupName(gid))} groups=${gids.map((id) => named(id, groupName(id))).join(",")}\n`,
    );
  }
  return 0;
}

/** Becomes another user, as far as the kernel lets it. @throws Failure */
function* becomeUser(
  it: Invocation,
  name: string,
): Activity<{ readonly home: string; readonly shell: string; readonly uid: number }> {
  const user = (yield* users(it.sys)).find((one) => one.name === name);
  if (user === undefined)
    throw new Failure(`user ${name} does not exist or the user entry does not contain all the required fields`);
  const gids = (yield* groups(it.sys)).filter(({ members }) => members.includes(name)).map(({ gid }) => gid);
  for (const call of [it.sys.setgroups([user.gid, ...gids]), it.sys.setgid(user.gid), it.sys.setuid(user.uid)]) {
    const failure = yield* attempt(call);
    if (failure instanceof Errno) throw new Failure("Authentication failure");
  }
  return user;
}

export const identityCommands: readonly Command[] = [
  {
    name: "id",
    usage: ["[OPTION]... [USER]..."],
    about: "Print user and group information for the specified USER, or for the current process.",
    options: [
      { short: "g", long: "group", help: "print only the effective group ID" },
      { short: "G", long: "groups", help: "print all group IDs" },
      { short: "n", long: "name", help: "print a name instead of a number, for -ugG" },
      { short: "r", long: "real", help: "print the real ID instead of the effective ID, with -ugG" },
      { short: "u", long: "user", help: "print only the effective user ID" },
    ],
    run: showIdentity,
  },
  {
    name: "whoami",
    usage: ["[OPTION]..."],
    about: "Print the user name associated with the current effective user ID.",
    options: [],
    operands: [0, 0],
    *run(it) {
      const uid = yield* it.sys.geteuid();
      const user = (yield* users(it.sys)).find((one) => one.uid === uid);
      if (user === undefined) throw new Failure(`cannot find name for user ID ${uid}`);
      it.out.put(`${user.name}\n`);
      return 0;
    },
  },
  {
    name: "su",
    usage: ["[options] [-] [<user> [<argument>...]]"],
    about: "Change the effective user ID and group ID to that of <user>.",
    options: [
      { short: "c", long: "command", argument: "<command>", help: "pass a single command to the shell with -c" },
      { short: "l", long: "login", help: "make the shell a login shell" },
      { short: "s", long: "shell", argument: "<shell>", help: "run <shell>" },
    ],
    posix: true,
    *run(it) {
      const words = [...it.operands];
      let login = it.has("l");
      if (words[0] === "-") {
        words.shift();
        login = true;
      }
      const name = words.shift() ?? "root";
      const { home, shell, uid } = yield* becomeUser(it, name);
      const kept = it.env.filter((entry) => !/^(?:HOME|SHELL|USER|LOGNAME)=/.test(entry) && !login);
      const path = "PATH=/usr/local/bin:/usr/bin:/bin";
      const env = [
        ...kept,
        ...(login ? [path] : []),
        `HOME=${home}`,
        `SHELL=${shell}`,
        ...(uid === 0 && !login ? [] : [`USER=${name}`, `LOGNAME=${name}`]),
      ];
      if (login) yield* attempt(it.sys.chdir(home));
      // What is behind the user's name may hold -c, as in `su user -c id`.
      const command = it.value("c");
      return yield* execInPath(
        it.sys,
        [it.value("s") ?? shell, ...(command === undefined ? [] : ["-c", command]), ...words],
        env,
        "su",
      );
    },
  },
  {
    name: "env",
    usage: ["[OPTION]... [-] [NAME=VALUE]... [COMMAND [ARG]...]"],
    about: "Set each NAME to VALUE in the environment and run COMMAND.",
    options: [
      { short: "i", long: "ignore-environment", help: "start with an empty environment" },
      { short: "0", long: "null", help: "end each output line with NUL, not newline" },
      { short: "u", long: "unset", argument: "NAME", help: "remove variable from the environment" },
      { short: "C", long: "chdir", argument: "DIR", help: "change working directory to DIR" },
    ],
    usageStatus: 125,
    posix: true,
    *run(it) {
      const words = [...it.operands];
      let empty = it.has("i");
      if (words[0] === "-") {
        words.shift();
        empty = true;
      }
      const variables = new Map((empty ? [] : it.env).map((entry) => [entry.split("=", 1)[0] ?? "", entry]));
      for (const name of it.values("u")) variables.delete(name);
      while (words[0]?.includes("=") === true) {
        const entry = words.shift() ?? "";
        variables.set(entry.split("=", 1)[0] ?? "", entry);
      }
      const directory = it.value("C");
      if (directory !== undefined) {
        const failure = yield* attempt(it.sys.chdir(directory));
        if (failure instanceof Errno)
          throw new Failure(`cannot change directory to ${quoteName(directory)}: ${failure.message}`, 125);
      }
      if (words.length > 0) return yield* execInPath(it.sys, words, [...variables.values()], "env");
      for (const entry of variables.values()) it.out.put(entry + (it.has("0") ? "\0" : "\n"));
      return 0;
    },
  },
  {
    name: "printenv",
    usage: ["[OPTION]... [VARIABLE]..."],
    about: "Print the values of the specified environment VARIABLE(s).",
    options: [{ short: "0", long: "null", help: "end each output line with NUL, not newline" }],
    *run(it) {
      const end = it.has("0") ? "\0" : "\n";
      if (it.operands.length === 0) it.out.put(it.env.map((entry) => entry + end).join(""));
      for (const name of it.operands) {
        const value = it.variable(name);
        if (value === undefined) it.status = 1;
        else it.out.put(value + end);
      }
      yield* it.out.drain();
      return it.status;
    },
  },
  {
    name: "tty",
    usage: ["[OPTION]..."],
    about: "Print the file name of the terminal connected to standard input.",
    options: [{ short: "s", long: "silent", help: "print nothing, only return an exit status" }],
    *run(it) {
      const number = yield* attempt(it.sys.ioctl(0, "TIOCGPTN"));
      if (!it.has("s")) it.out.put(number instanceof Errno ? "not a tty\n" : `/dev/pts/${String(number)}\n`);
      return number instanceof Errno ? 1 : 0;
    },
  },
  {
    name: "nohup",
    usage: ["COMMAND [ARG]..."],
    about: "Run COMMAND, ignoring hangup signals.",
    options: [],
    posix: true,
    operands: [1, Infinity],
    usageStatus: 125,
    *run(it) {
      yield* it.sys.rt_sigaction("SIGHUP", "SIG_IGN");
      return yield* execInPath(it.sys, it.operands, it.env, "nohup");
    },
  },
  {
    name: "setsid",
    usage: ["[options] <program> [<arguments> ...]"],
    about: "Run a program in a new session.",
    options: [{ short: "c", long: "ctty", help: "set the controlling terminal to the current one" }],
    posix: true,
    operands: [1, Infinity],
    *run(it) {
      const become = yield* attempt(it.sys.setsid());
      if (become instanceof Errno) {
        // A group's leader can't: its child does.
        yield* it.sys.clone(function* (child) {
          yield* child.setsid();
          return yield* execInPath(child, it.operands, it.env, "setsid");
        });
        return 0;
      }
      if (it.has("c")) yield* attempt(it.sys.ioctl(0, "TIOCSCTTY"));
      return yield* execInPath(it.sys, it.operands, it.env, "setsid");
    },
  },
  {
    name: "nice",
    usage: ["[OPTION] [COMMAND [ARG]...]"],
    about: "Run COMMAND with an adjusted niceness, which affects process scheduling.",
    options: [{ short: "n", long: "adjustment", argument: "N", help: "add integer N to the niceness (default 10)" }],
    posix: true,
    usageStatus: 125,
    *run(it) {
      const now = yield* it.sys.getpriority();
      if (it.operands.length === 0) {
        it.out.put(`${now}\n`);
        return 0;
      }
      const text = it.value("n") ?? "10";
      if (!/^[-+]?\d+$/.test(text)) throw new UsageFailure(`invalid adjustment ${quoteName(text)}`);
      const failure = yield* attempt(it.sys.setpriority(0, now + Number(text)));
      if (failure instanceof Errno) yield* it.complain(`cannot set niceness: ${failure.message}`, 0);
      return yield* execInPath(it.sys, it.operands, it.env, "nice");
    },
  },
];
