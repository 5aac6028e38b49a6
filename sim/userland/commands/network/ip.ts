import { CLONE_NEWNET } from "../../../os/index.js";
import type { Activity } from "../../../core/index.js";
import type { Command, Invocation } from "../../program/command.js";
import { ipAddress } from "./ip-address.js";
import { ipLink } from "./ip-link.js";
import { ipNetns } from "./ip-netns.js";
import { ipNeighbour, ipRoute } from "./ip-route.js";
import { IpError, openNamespace, Words } from "./ip-text.js";

const objects = {
  address: ipAddress,
  link: ipLink,
  route: ipRoute,
  neighbour: ipNeighbour,
  neighbor: ipNeighbour,
  netns: ipNetns,
} as const;

const names = Object.keys(objects) as readonly (keyof typeof objects)[];

function* dispatch(it: Invocation): Activity<number | undefined> {
  const [object = "", ...rest] = it.operands;
  if (object === "help" || object === "") {
    yield* it.tell(`Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\nwhere  OBJECT := { ${names.join(" | ")} }`);
    return object === "" ? 255 : 0;
  }
  const name = names.find((one) => one.startsWith(object));
  if (name === undefined) throw new IpError(`Object "${object}" is unknown, try "ip help".`);
  const namespace = it.value("n");
  if (namespace !== undefined) {
    const fd = yield* openNamespace(it, namespace);
    yield* it.sys.setns(fd, CLONE_NEWNET);
    yield* it.sys.close(fd);
  }
  return yield* objects[name](it, new Words(rest));
}

/** iproute2's options are long ones with one dash, and may be cut short: `-br`, `-j`, `-s`. */
const spellings: Readonly<Record<string, string>> = {
  "-br": "--brief",
  "-brief": "--brief",
  "-j": "--json",
  "-json": "--json",
  "-p": "--pretty",
  "-pretty": "--pretty",
  "-stats": "-s",
  "-statistics": "-s",
  "-oneline": "-o",
  "-netns": "-n",
  "-c": "--color",
  "-color": "--color",
};

function rewrite(words: readonly string[]): readonly string[] {
  const options = words.findIndex(
    (word, at) => !word.startsWith("-") && !["-n", "-netns"].includes(words[at - 1] ?? ""),
  );
  const end = options < 0 ? words.length : options;
  return words.map((word, at) => (at < end ? (spellings[word] ?? word) : word));
}

export const ip: Command = {
  name: "ip",
  usage: ["[ OPTIONS ] OBJECT { COMMAND | help }"],
  about: "Show and change network interfaces, addresses, routes, neighbours and network namespaces.",
  options: [
    { long: "brief", help: "one line for each link (-br)" },
    { long: "json", help: "as JSON (-j)" },
    { long: "pretty", help: "JSON in lines (-p)" },
    { short: "s", help: "with what was counted" },
    { short: "o", help: "a record a line" },
    { short: "4", help: "IPv4 alone" },
    { short: "n", argument: "NETNS", help: "in a named network namespace" },
    { long: "color", help: "taken, and nothing is coloured" },
  ],
  posix: true,
  usageStatus: 255,
  rewrite,
  *run(it) {
    try {
      return (yield* dispatch(it)) ?? 0;
    } catch (error) {
      if (!(error instanceof IpError)) throw error;
      yield* it.tell(error.message);
      return error.status;
    }
  },
};
