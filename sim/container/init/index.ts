/**
 * init: a modest systemd as pid 1 of a system container, and a directory tree that it boots.
 *
 * Glossary
 *   unit         what init looks after, by a file NAME.service or NAME.target below /etc/systemd/system or /usr/lib/systemd/system
 *   service      a unit with a process; *oneshot*: done when that has ended well
 *   target       a unit that only gathers others: what a system boots *into*
 *   enabled      linked into TARGET.wants/: what WantedBy= asks for, and `systemctl enable` does
 *   job          a unit that is to be started or stopped; it waits for those that come before it (After=, Before=)
 *
 * unit         reads unit files (systemd.unit(5), systemd.service(5)); library: finds them in a tree, and who wants whom
 * plan         which units a start brings in, in which order, and what gives way in a circle
 * service      a service's process: begun, ended, started again (Restart=, StartLimitBurst=)
 * manager      the units' states and the jobs; systemd: the program: signals, requests, timers
 * systemctl    the command
 * tree         a root file system with the simulated userland, init and a few units
 *
 * Absent: sockets, timers, mounts, devices and paths as units, templates, D-Bus, the journal (services write to the console), Type=notify
 * and forking (refused with the file and line), and all sandboxing.
 */
export { systemd } from "./systemd.js";
export { systemctl } from "./systemctl.js";
export { makeTree } from "./tree.js";
