import { createWorld, UsageError, type Activity } from "../../core/index.js";
import type { Vmm } from "../vmm.js";
import type { VirtualMachine } from "../virtual-machine.js";
import { Channel } from "./channel.js";
import { HostedGuest } from "./hosted-guest.js";
import { Migration } from "./migration.js";
import { migrationOptions, type MigrationOptions } from "./options.js";
import { postCopy } from "./post-copy.js";
import { preCopy } from "./pre-copy.js";
import { newReport, type Report } from "./report.js";

/**
 * Moves a guest from one VMM to another over a link, while it runs. The state that arrives is the guest's to the byte: its memory goes
 * by its dirty log, in the order and at the times of the method. The other guests of both VMMs stand meanwhile.
 * @throws UsageError where the destination can't take the guest, and for an option that there isn't
 */
export function migrate(vmm: Vmm, given?: Partial<MigrationOptions>): Migration {
  const options = migrationOptions(given);
  const { from, to } = endsOf(vmm, options);
  const world = options.world ?? createWorld();
  const { engine } = world;
  const report = newReport(options.method, engine.now);
  const link = { rate: options.rate, latency: options.latency, cut: options.cut ?? Infinity, timeout: options.timeout };
  const hosted = (vm: VirtualMachine, host: "source" | "destination"): HostedGuest =>
    new HostedGuest(engine, vm, host, options.slice, report.progress);
  const hosts = {
    engine,
    source: hosted(from, "source"),
    destination: hosted(to, "destination"),
    there: new Channel(engine, link),
    back: new Channel(engine, link),
    options,
    report,
  };
  to.machine.bus.clear();
  hosts.source.start();
  const process = engine.spawn(whole(hosts, report), { name: `migration of ${from.name}` });
  const { reason } = engine.run(process);
  if (reason !== "until") {
    hosts.source.hold();
    hosts.destination.hold();
    throw new UsageError(
      `the migration of ${from.name} was interrupted`,
      "Make both VMMs anew: the guest is on its way.",
    );
  }
  return new Migration(from, vmm.technique.name, options, report);
}

function* whole(hosts: Parameters<typeof preCopy>[0], report: Report): Activity<void> {
  const { engine, options } = hosts;
  const onward = yield* options.method === "post-copy" ? postCopy(hosts) : preCopy(hosts);
  report.ended = engine.now;
  report.bytes = hosts.there.bytes + hosts.back.bytes;
  if (onward !== undefined && options.follow > 0) {
    onward.guest.start(onward.owed);
    yield* engine.delay(options.follow);
    onward.guest.hold();
  }
  report.followed = engine.now;
}

/** @throws UsageError where the destination can't take the guest */
function endsOf(
  vmm: Vmm,
  { to, machine, world }: MigrationOptions,
): { readonly from: VirtualMachine; readonly to: VirtualMachine } {
  if (to === null || to === vmm) {
    throw new UsageError(
      "a migration needs a destination",
      "Give { to: vmm.create(technique, { guest }) }, another VMM with the same guest.",
    );
  }
  const from = machine === null ? vmm.machine : vmm.vm(machine);
  const there = machine === null ? to.machine : to.vm(machine);
  const refuse = (what: string, hint: string): never => {
    throw new UsageError(`the destination can't take ${from.name}: ${what}`, hint);
  };
  if ((vmm.technique.runsPorts ?? false) !== (to.technique.runsPorts ?? false)) {
    refuse(
      `the guest is ${vmm.technique.runsPorts === true ? "" : "not "}ported to a VMM, and ${to.technique.name} runs kernels that are${vmm.technique.runsPorts === true ? " not" : ""}`,
      "Make both VMMs of techniques that run the same kernel.",
    );
  }
  const [here, other] = [from.machine, there.machine];
  if (here.bus.ramSize !== other.bus.ramSize) {
    refuse(`it has ${other.bus.ramSize} bytes of memory, not ${here.bus.ramSize}`, "Make it with the same memory.");
  }
  if (here.hart(0).isa.name !== other.hart(0).isa.name || here.harts.length !== other.harts.length) {
    refuse("its harts are others", "Make it with the same isa and harts.");
  }
  if (here.drives.length !== other.drives.length) {
    refuse("its disks are others", "Make it with as many drives: both hosts reach the same storage.");
  }
  if (world !== null && (world === here.world || world === other.world)) {
    refuse("its machine's world is the migration's", "Give the migration a world of its own, or none.");
  }
  return { from, to: there };
}
