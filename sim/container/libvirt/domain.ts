import { UsageError } from "../../core/index.js";
import { capabilityNames } from "../../os/index.js";
import { closedDevices } from "../bundle/device-rules.js";
import { namespaceTypes, type MountSpec, type RuntimeSpec } from "../bundle/spec.js";
import { parseXml, type Element } from "./xml.js";

interface DomainInterface {
  readonly bridge: string;
  readonly mac: string | undefined;
  readonly device: string | undefined;
  /** "10.0.0.2/24" */
  readonly address: string | undefined;
}

/** A domain of type "lxc", read and checked. */
export interface Domain {
  readonly name: string;
  readonly xml: Element;
  readonly spec: RuntimeSpec;
  readonly interfaces: readonly DomainInterface[];
  readonly group: string;
}

const wrong = (message: string, hint: string): UsageError => new UsageError(`XML error: ${message}`, hint);

const all = (element: Element | undefined, name: string): readonly Element[] =>
  element?.children.filter((one) => one.name === name) ?? [];
const child = (element: Element | undefined, ...path: readonly string[]): Element | undefined =>
  path.reduce<Element | undefined>((at, name) => all(at, name)[0], element);

const units: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  k: 2 ** 10,
  KiB: 2 ** 10,
  M: 2 ** 20,
  MiB: 2 ** 20,
  G: 2 ** 30,
  GiB: 2 ** 30,
};

/** What libvirt's driver takes from a domain's root, if nothing else is said: drvlxc, "Capabilities". */
const dropped = ["SYS_MODULE", "SYS_TIME", "MKNOD", "AUDIT_CONTROL", "MAC_ADMIN"];

/** <capabilities policy='…'>: deny leaves what is on, allow takes what is off. */
function capabilitiesOf(features: Element | undefined): string[] {
  const element = child(features, "capabilities");
  const policy = element?.attributes["policy"] ?? "default";
  const stated = new Map(
    (element?.children ?? []).map(({ name, attributes }): [string, boolean] => {
      const upper = name.toUpperCase();
      if (!capabilityNames.some((one) => one === upper))
        throw wrong(
          `unknown capability <${name}>`,
          "Write it as in capabilities(7), in small letters: <mknod state='on'/>.",
        );
      return [upper, attributes["state"] === "on"];
    }),
  );
  return capabilityNames.filter(
    (one) => stated.get(one) ?? (policy === "allow" || (policy === "default" && !dropped.includes(one))),
  );
}

function filesystem(element: Element): MountSpec {
  const type = element.attributes["type"] ?? "mount";
  const destination = child(element, "target")?.attributes["dir"];
  if (destination === undefined) throw wrong("a <filesystem> lacks its <target dir=…/>", "Say where it is to be.");
  const readonly = child(element, "readonly") === undefined ? [] : ["ro"];
  if (type === "ram") {
    const size = child(element, "source")?.attributes["usage"];
    return {
      destination,
      type: "tmpfs",
      source: "tmpfs",
      options: [...(size === undefined ? [] : [`size=${size}k`]), ...readonly],
    };
  }
  if (type !== "mount") throw wrong(`<filesystem type='${type}'> is absent here`, "Use type='mount' or 'ram'.");
  const source = child(element, "source")?.attributes["dir"];
  if (source === undefined)
    throw wrong("a <filesystem> lacks its <source dir=…/>", "Say which directory of the host it is.");
  return { destination, type: "none", source, options: ["rbind", ...readonly] };
}

function networkInterface(element: Element): DomainInterface {
  const type = element.attributes["type"] ?? "";
  const bridge = child(element, "source")?.attributes["bridge"];
  if (type !== "bridge" || bridge === undefined)
    throw wrong(`<interface type='${type}'> is absent here`, "Use type='bridge' with <source bridge='…'/>.");
  const ip = child(element, "ip")?.attributes;
  return {
    bridge,
    mac: child(element, "mac")?.attributes["address"],
    device: child(element, "guest")?.attributes["dev"],
    address: ip === undefined ? undefined : `${ip["address"] ?? ""}/${ip["prefix"] ?? "24"}`,
  };
}

/** Reads a domain's XML: formatdomain.html, drvlxc.html. @throws UsageError for what the driver can't do */
export function parseDomain(text: string): Domain {
  const xml = parseXml(text);
  if (xml.name !== "domain" || xml.attributes["type"] !== "lxc")
    throw wrong(`this is no <domain type='lxc'>`, "Virtual machines are other drivers' domains.");
  const name = child(xml, "name")?.text ?? "";
  if (!/^[\w][\w.+-]*$/.test(name))
    throw wrong("the <name> is missing or no name", "Use letters, digits, _, ., + and -.");
  const os = child(xml, "os");
  if (child(os, "type")?.text !== "exe")
    throw wrong("<os><type> isn't exe", "A container runs an executable: <type>exe</type>.");
  const mounts = all(child(xml, "devices"), "filesystem").map(filesystem);
  const root = mounts.find(({ destination }) => destination === "/");
  if (root?.source === undefined)
    throw wrong(
      "no <filesystem> has the target /",
      "Give a directory of the host for the root: sharing the host's is absent here.",
    );
  const interfaces = all(child(xml, "devices"), "interface").map(networkInterface);
  const privateNetwork = interfaces.length > 0 || child(xml, "features", "privnet") !== undefined;
  const idmap = child(xml, "idmap");
  const mappings = (kind: string): RuntimeSpec["linux"]["uidMappings"] =>
    all(idmap, kind).map(({ attributes }) => ({
      containerID: Number(attributes["start"]),
      hostID: Number(attributes["target"]),
      size: Number(attributes["count"]),
    }));
  const memory = child(xml, "memory");
  const bytes = memory === undefined ? 0 : Number(memory.text) * (units[memory.attributes["unit"] ?? "KiB"] ?? 0);
  if (memory !== undefined && !(bytes > 0))
    throw wrong(`<memory> is "${memory.text}"`, "Write a number, and a unit as MiB.");
  const shares = child(xml, "cputune", "shares")?.text;
  const capabilities = capabilitiesOf(child(xml, "features")).map((one) => `CAP_${one}`);
  const group = `/machine.slice/machine-lxc-${name}.scope`;
  return {
    name,
    xml,
    interfaces,
    group,
    spec: {
      ociVersion: "1.2.0",
      process: {
        user: { uid: 0, gid: 0 },
        args: [child(os, "init")?.text ?? "/sbin/init", ...all(os, "initarg").map((one) => one.text)],
        env: [
          "PATH=/bin:/sbin:/usr/bin:/usr/sbin",
          "TERM=linux",
          "container=lxc-libvirt",
          `LIBVIRT_LXC_NAME=${name}`,
          ...all(os, "initenv").map((one) => `${one.attributes["name"] ?? ""}=${one.text}`),
        ],
        cwd: child(os, "initdir")?.text ?? "/",
        capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      },
      root: { path: root.source, readonly: root.options?.includes("ro") === true },
      hostname: name,
      mounts: [
        { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "nodev", "noexec"] },
        { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "nodev", "noexec", "ro"] },
        { destination: "/dev", type: "tmpfs", source: "devfs", options: ["nosuid", "mode=755"] },
        {
          destination: "/dev/pts",
          type: "devpts",
          source: "devpts",
          options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
        },
        { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup2", options: ["nosuid", "nodev", "noexec"] },
        ...mounts.filter((one) => one !== root),
      ],
      linux: {
        namespaces: namespaceTypes
          .filter(
            (type) =>
              type !== "time" && (type !== "user" || idmap !== undefined) && (type !== "network" || privateNetwork),
          )
          .map((type) => ({ type })),
        ...(idmap !== undefined && { uidMappings: mappings("uid") ?? [], gidMappings: mappings("gid") ?? [] }),
        cgroupsPath: group,
        resources: {
          devices: closedDevices,
          ...(bytes > 0 && { memory: { limit: bytes } }),
          ...(shares !== undefined && { cpu: { shares: Number(shares) } }),
        },
        readonlyPaths: ["/proc/sys", "/proc/sysrq-trigger"],
      },
    },
  };
}
