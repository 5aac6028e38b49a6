import type { Problem } from "../problem.js";

/** What an instance of a service takes of a host's memory, in MiB. */
export type InstanceMemory = {
  /** The service's own. */
  readonly service: number;
  /** Of the files that it executes. */
  readonly file: number;
  /** A guest's kernel and its monitor; absent for containers. */
  readonly guest?: { readonly kernel: number; readonly monitor: number };
};

/**
 * How many instances of one service fit into a host's memory.
 * @param host the host's memory, in MiB
 */
export type InstancesThatFit = (host: number, instance: InstanceMemory) => number;

const fit: InstancesThatFit = (host, { service, file, guest }) =>
  guest === undefined
    ? Math.max(0, Math.floor((host - file) / service))
    : Math.floor(host / (service + file + guest.kernel + guest.monitor));

const guest = { kernel: 36, monitor: 131 };

export const instancesThatFit: Problem<InstancesThatFit> = {
  title: "How many fit?",
  statement:
    "A host has some memory. An instance of a service takes memory of its own, and that of the file that it executes; in a virtual machine a kernel and a monitor come with it. Return how many instances of one service fit. Containers of one image execute one file.",
  hints: [
    "Ask of each part whether the second instance needs it again.",
    "Containers: the file is in memory once. Virtual machines: each has a page cache of its own.",
    "Containers: Math.floor((host - file) / service). Virtual machines: Math.floor(host / the sum of all four).",
  ],
  examples: [
    { about: "containers", args: [1024, { service: 8, file: 6 }] },
    { about: "containers of a large image", args: [1024, { service: 2, file: 512 }] },
    { about: "virtual machines", args: [1024, { service: 8, file: 6, guest }] },
    { about: "a small monitor", args: [1024, { service: 8, file: 6, guest: { kernel: 36, monitor: 3 } }] },
    { about: "no room for the file", args: [4, { service: 8, file: 6 }] },
    { about: "a large file in each guest", args: [2048, { service: 8, file: 512, guest }] },
  ],
  reference: fit,
  slips: [
    {
      step: "containers of one image share its file",
      solution: (host, instance) =>
        instance.guest === undefined ? Math.floor(host / (instance.service + instance.file)) : fit(host, instance),
    },
    {
      step: "a guest's page cache is its own",
      solution: (host, instance) => {
        const { service, file, guest: one } = instance;
        if (one === undefined) return fit(host, instance);
        return Math.floor((host - file) / (service + one.kernel + one.monitor));
      },
    },
    {
      step: "each guest has a kernel and a monitor",
      solution: (host, instance) => fit(host, { service: instance.service, file: instance.file }),
    },
    {
      step: "there are no negative instances",
      solution: (host, { service, file, guest: one }) =>
        one === undefined
          ? Math.floor((host - file) / service)
          : Math.floor(host / (service + file + one.kernel + one.monitor)),
    },
  ],
};
