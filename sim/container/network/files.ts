/** What a container's files of /etc are made of. */
export interface FileOptions {
  readonly hostname: string;
  readonly domainname?: string | undefined;
  /** "NAME:ADDRESS", as --add-host has it. */
  readonly extraHosts?: readonly string[] | undefined;
  /** --dns, --dns-search, --dns-option. */
  readonly dns?: readonly string[] | undefined;
  readonly dnsSearch?: readonly string[] | undefined;
  readonly dnsOptions?: readonly string[] | undefined;
}

export interface ContainerFiles {
  readonly hostname: string;
  readonly hosts: string;
  readonly resolvConf: string;
}

const ownHosts = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/** The name and the domain with it. */
const fullName = ({ hostname, domainname = "" }: FileOptions): string =>
  domainname === "" ? hostname : `${hostname}.${domainname}`;

/** @param addresses the container's own, each of which gets its name */
export function hostsText(options: FileOptions, addresses: readonly string[]): string {
  const extra = (options.extraHosts ?? []).map((line) => {
    const at = line.indexOf(":");
    return `${line.slice(at + 1)}\t${line.slice(0, at)}\n`;
  });
  const full = fullName(options);
  const names = full === options.hostname ? full : `${full} ${options.hostname}`;
  return ownHosts + extra.join("") + addresses.map((address) => `${address}\t${names}\n`).join("");
}

export const hostnameText = (options: FileOptions): string => `${fullName(options)}\n`;

/** Name servers of a resolv.conf that others than its own machine can ask. */
const serversOf = (resolvConf: string): string[] =>
  [...resolvConf.matchAll(/^nameserver[ \t]+(\S+)/gm)]
    .map(([, server = ""]) => server)
    .filter((server) => !server.startsWith("127.") && server !== "::1");

/** Public ones, where the host's own can't be asked: moby's defaultIPv4Dns. */
const publicServers = ["8.8.8.8", "8.8.4.4"];

/** Whom the container's questions go to, directly or by the embedded server. */
export function upstreamServers({ dns = [] }: FileOptions, hostResolvConf: string): readonly string[] {
  if (dns.length > 0) return dns;
  const servers = serversOf(hostResolvConf);
  return servers.length > 0 ? servers : publicServers;
}

/** @param embedded whether Docker's own server answers, as in networks that a user made */
export function resolvConfText(options: FileOptions, hostResolvConf: string, embedded: boolean): string {
  const search =
    options.dnsSearch ?? [...hostResolvConf.matchAll(/^search[ \t]+(.+)$/gm)].at(-1)?.[1]?.trim().split(/\s+/) ?? [];
  const settings =
    options.dnsOptions ?? [...hostResolvConf.matchAll(/^options[ \t]+(.+)$/gm)].at(-1)?.[1]?.trim().split(/\s+/) ?? [];
  const servers = embedded ? ["127.0.0.11"] : upstreamServers(options, hostResolvConf);
  const all = embedded && !settings.some((one) => one.startsWith("ndots:")) ? [...settings, "ndots:0"] : settings;
  return [
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(search.length === 0 ? [] : [`search ${search.join(" ")}\n`]),
    ...(all.length === 0 ? [] : [`options ${all.join(" ")}\n`]),
  ].join("");
}
