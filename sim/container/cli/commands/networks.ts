import { CliError } from "../client.js";
import { known, type DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { showListing } from "../listing.js";
import { fieldOf, filtersOf, goTimeOf, labelOf, labelsText, labelTitle, shortId, textAt } from "../rows.js";
import { mapOf } from "../run-options.js";

const pathOf = (name: string): string => `/networks/${encodeURIComponent(name)}`;

const list: DockerCommand = {
  paths: ["network ls", "network list"],
  usage: "[OPTIONS]",
  about: "List networks",
  flags: [
    flag("filter", "f", "filter", "Provide filter values (e.g. 'driver=bridge')"),
    flag("format", "", "string", "Pretty-print networks using a Go template"),
    flag("no-trunc", "", "bool", "Do not truncate the output"),
    flag("quiet", "q", "bool", "Only display network IDs"),
  ],
  operands: [0, 0],
  *run(it) {
    const whole = it.flags.flag("no-trunc");
    const answer = yield* it.client.json("GET", "/networks", { query: { filters: filtersOf(it.flags.all("filter")) } });
    const rows = fieldOf(answer)
      .list()
      .map((one) => ({
        ID: whole ? textAt(one, "Id") : shortId(textAt(one, "Id")),
        Name: textAt(one, "Name"),
        Driver: textAt(one, "Driver"),
        Scope: textAt(one, "Scope"),
        IPv6: String(one.at("EnableIPv6").boolean()),
        Internal: String(one.at("Internal").boolean()),
        Labels: labelsText(one),
        Label: labelOf(one),
        CreatedAt: goTimeOf(textAt(one, "Created")),
      }))
      .sort((a, b) => (a.Name < b.Name ? -1 : 1));
    return yield* showListing(it, {
      columns: ["ID", "Name", "Driver", "Scope"],
      titles: {
        ID: "NETWORK ID",
        Name: "NAME",
        Driver: "DRIVER",
        Scope: "SCOPE",
        IPv6: "IPV6",
        Internal: "INTERNAL",
        Labels: "LABELS",
        Label: labelTitle,
        CreatedAt: "CREATED AT",
      },
      rows,
      type: "*network.networkContext",
    });
  },
};

const create: DockerCommand = {
  paths: ["network create"],
  usage: "[OPTIONS] NETWORK",
  about: "Create a network",
  flags: [
    flag("attachable", "", "bool", "Enable manual container attachment"),
    flag("driver", "d", "string", "Driver to manage the Network", '"bridge"'),
    flag("gateway", "", "list", "IPv4 or IPv6 Gateway for the master subnet"),
    flag("internal", "", "bool", "Restrict external access to the network"),
    flag("ip-range", "", "list", "Allocate container ip from a sub-range"),
    flag("ipv6", "", "bool", "Enable IPv6 networking"),
    flag("label", "", "list", "Set metadata on a network"),
    flag("opt", "o", "map", "Set driver specific options", "map[]"),
    flag("subnet", "", "list", "Subnet in CIDR format that represents a network segment"),
  ],
  operands: [1, 1],
  *run(it) {
    const { flags } = it;
    const [subnets, gateways, ranges] = [flags.all("subnet"), flags.all("gateway"), flags.all("ip-range")];
    if (subnets.length === 0 && gateways.length > 0)
      throw new CliError(`no matching subnet for gateway ${gateways[0] ?? ""}`);
    if (subnets.length === 0 && ranges.length > 0)
      throw new CliError(`no matching subnet for range ${ranges[0] ?? ""}`);
    const Config = subnets.map((Subnet, place) => ({ Subnet, Gateway: gateways[place], IPRange: ranges[place] }));
    const answer = yield* it.client.json("POST", "/networks/create", {
      json: {
        Name: it.args[0],
        CheckDuplicate: true,
        Driver: flags.text("driver") ?? "bridge",
        EnableIPv6: flags.flag("ipv6"),
        IPAM: { Driver: "default", Options: {}, Config },
        Internal: flags.flag("internal"),
        Attachable: flags.flag("attachable"),
        Options: mapOf(flags.all("opt")),
        Labels: mapOf(flags.all("label")),
      },
    });
    it.out.put(`${textAt(fieldOf(answer), "Id")}\n`);
    return 0;
  },
};

const remove: DockerCommand = {
  paths: ["network rm", "network remove"],
  usage: "NETWORK [NETWORK...]",
  about: "Remove one or more networks",
  flags: [],
  operands: [1, Infinity],
  *run(it) {
    let status = 0;
    for (const name of it.args)
      try {
        yield* known("network", name, it.client.ask("DELETE", pathOf(name)));
        yield* it.say(`${name}\n`);
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        yield* it.tell(`${error.message}\n`);
        status = 1;
      }
    return status;
  },
};

const connect: DockerCommand = {
  paths: ["network connect"],
  usage: "[OPTIONS] NETWORK CONTAINER",
  about: "Connect a container to a network",
  flags: [
    flag("alias", "", "list", "Add network-scoped alias for the container"),
    flag("ip", "", "string", "IPv4 address (e.g., 172.30.100.104)"),
  ],
  operands: [2, 2],
  *run(it) {
    const [network = "", Container = ""] = it.args;
    const address = it.flags.text("ip");
    const EndpointConfig = {
      Aliases: it.flags.all("alias"),
      ...(address !== undefined && { IPAMConfig: { IPv4Address: address } }),
    };
    yield* it.client.ask("POST", `${pathOf(network)}/connect`, { json: { Container, EndpointConfig } });
    return 0;
  },
};

const disconnect: DockerCommand = {
  paths: ["network disconnect"],
  usage: "[OPTIONS] NETWORK CONTAINER",
  about: "Disconnect a container from a network",
  flags: [flag("force", "f", "bool", "Force the container to disconnect from a network")],
  operands: [2, 2],
  *run(it) {
    const [network = "", Container = ""] = it.args;
    const json = { Container, Force: it.flags.flag("force") };
    yield* it.client.ask("POST", `${pathOf(network)}/disconnect`, { json });
    return 0;
  },
};

const prune: DockerCommand = {
  paths: ["network prune"],
  usage: "[OPTIONS]",
  about: "Remove all unused networks",
  flags: [
    flag("filter", "", "filter", "Provide filter values (e.g. 'until=<timestamp>')"),
    flag("force", "f", "bool", "Do not prompt for confirmation"),
  ],
  operands: [0, 0],
  *run(it) {
    const question =
      "WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue?";
    if (!(yield* it.agrees(question))) return 0;
    const answer = fieldOf(yield* it.client.json("POST", "/networks/prune"));
    const gone = answer.at("NetworksDeleted").optional((one) => one.texts()) ?? [];
    if (gone.length > 0) it.out.put(`Deleted Networks:\n${gone.map((one) => `${one}\n`).join("")}\n`);
    return 0;
  },
};

export const networkCommands: readonly DockerCommand[] = [list, create, remove, connect, disconnect, prune];
