import { execInPath } from "../commands/execution.js";
import { groups, users } from "../program/names.js";
import type { Command } from "../program/command.js";

/** gosu: becomes another user and then another program, in one process: what images' entry points give root's rights up with. */
export const gosu: Command = {
  name: "gosu",
  usage: ["user-spec command [args]"],
  about: "Run a command as another user.",
  posix: true,
  options: [],
  operands: [2, Infinity],
  *run(it) {
    const [spec = "", ...words] = it.operands;
    const [name = "", groupName] = spec.split(":");
    const user = (yield* users(it.sys)).find((one) => one.name === name || String(one.uid) === name);
    const group = (yield* groups(it.sys)).find((one) => one.name === groupName || String(one.gid) === groupName);
    if (user === undefined || (groupName !== undefined && group === undefined)) {
      yield* it.tell(
        `error: failed switching to "${spec}": unable to find user ${name}: no matching entries in passwd file`,
      );
      return 1;
    }
    const gid = group?.gid ?? user.gid;
    yield* it.sys.setgroups([gid]);
    yield* it.sys.setgid(gid);
    yield* it.sys.setuid(user.uid);
    const env = [...it.env.filter((entry) => !entry.startsWith("HOME=")), `HOME=${user.home}`];
    return yield* execInPath(it.sys, words, env, "gosu");
  },
};
