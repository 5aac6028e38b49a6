import { isZero, type Activity } from "../../core/index.js";
import { LinkLost } from "./channel.js";
import { allPages, messageBytes, pageOf, partsBytes, putPage, type Hosts, type Onward } from "./hosts.js";
import type { Round } from "./report.js";
import type { Decision } from "./rules.js";

/**
 * Moves a guest while it runs: all its pages, then, round after round, those that it wrote meanwhile, until the rule has it stopped;
 * then the rest and its harts and devices. Stop-and-copy is the same without rounds. Where the link is lost, the guest goes on at the
 * source. That both hosts agree on whether the last byte has come is taken for granted; a handshake is there for that.
 * Source: C. Clark et al., "Live Migration of Virtual Machines", NSDI 2005, section 3.
 */
export function* preCopy(hosts: Hosts): Activity<Onward> {
  const { engine, source, destination, options, report, there } = hosts;
  const { vm } = source;
  let owed: number | undefined;
  try {
    let pages = allPages(vm);
    vm.machine.dirtyPages();
    if (options.method === "pre-copy") pages = yield* rounds(hosts, pages);
    else report.reason = "stop-and-copy";
    owed = source.hold();
    report.stopped = engine.now;
    const written = new Set([...pages, ...vm.machine.dirtyPages()]);
    yield* round(hosts, [...written], { running: false, pace: Infinity });
    const parts = vm.saveParts();
    yield* there.transfer(partsBytes(parts));
    destination.vm.restore(parts);
    destination.vm.ended = vm.ended;
    vm.ended = { kind: "interrupted" };
    report.resumed = engine.now;
    return { guest: destination, owed };
  } catch (error) {
    if (!(error instanceof LinkLost)) throw error;
    report.outcome = "failed";
    report.reason = `${error.message}: the guest goes on at the source`;
    destination.vm.ended = { kind: "interrupted" };
    source.throttle = 0;
    if (owed === undefined) return { guest: source, owed: source.hold() };
    report.resumed = engine.now;
    return { guest: source, owed };
  }
}

/** @returns the pages that are left when the guest is to stop */
function* rounds(hosts: Hosts, all: readonly number[]): Activity<readonly number[]> {
  const { source, options, report } = hosts;
  const decide = options.rule.begin();
  let pages = all;
  let decision: Decision = options.rule.firstPace === undefined ? {} : { pace: options.rule.firstPace };
  let sent = 0;
  for (;;) {
    const done = yield* round(hosts, pages, { running: true, pace: decision.pace ?? Infinity });
    sent += done.pages;
    pages = source.vm.machine.dirtyPages();
    const seconds = (done.ended - done.began) / 1e9;
    const dirtyRate = seconds === 0 ? 0 : pages.length / seconds;
    report.rounds[report.rounds.length - 1] = { ...done, dirtied: pages.length, dirtyRate };
    decision = decide({
      round: done.round,
      memory: all.length,
      sent,
      dirty: pages.length,
      dirtyRate,
      sentNow: done.pages,
      rate: seconds === 0 ? options.rate : (8 * done.bytes) / seconds,
    });
    if (decision.throttle !== undefined) source.throttle = decision.throttle;
    if (decision.stop !== undefined) {
      report.reason = decision.stop;
      return pages;
    }
  }
}

function* round(
  { engine, source: { vm, throttle }, destination, there, options, report }: Hosts,
  pages: readonly number[],
  { running, pace }: { readonly running: boolean; readonly pace: number },
): Activity<Round> {
  const began = engine.now;
  const before = there.bytes;
  let [sent, zeros, skipped] = [0, 0, 0];
  for (const at of pages) {
    if (running && options.skip && vm.machine.bus.dirty.has(at)) {
      skipped++;
      continue;
    }
    const content = pageOf(vm, at);
    sent++;
    if (options.zeroPages && isZero(content)) zeros++;
    const arrived = (): void => {
      putPage(destination.vm, at, content);
    };
    yield* there.send(messageBytes(content, options.zeroPages), arrived, { pace });
  }
  const done: Round = {
    round: report.rounds.length + 1,
    began,
    ended: engine.now,
    pages: sent,
    zeros,
    skipped,
    bytes: there.bytes - before,
    dirtied: 0,
    dirtyRate: 0,
    throttle: running ? throttle : 1,
    running,
  };
  report.rounds.push(done);
  return done;
}
