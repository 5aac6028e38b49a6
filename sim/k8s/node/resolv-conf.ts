import type { DnsConfig } from "../kubelet/runtime.js";

/** The text of a pod's /etc/resolv.conf (resolv.conf(5)). */
export const resolvConf = ({ servers, searches, options }: DnsConfig): string =>
  [
    ...(searches.length === 0 ? [] : [`search ${searches.join(" ")}`]),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.length === 0 ? [] : [`options ${options.join(" ")}`]),
    "",
  ].join("\n");
