import { Signal, type Activity, type Process } from "../../core/index.js";
import { pageSize } from "../privileged.js";
import { LinkLost } from "./channel.js";
import { allPages, headerBytes, messageBytes, pageOf, partsBytes, putPage, type Hosts, type Onward } from "./hosts.js";

/** What the guest waits for goes before what is pushed. */
const urgency = { fetched: -1, pushed: 0 } as const;

/** Pages that have not come yet, by where they stand. */
class Absent {
  /** Not here, as the guest finds it. */
  readonly here = new Set<number>();
  /** Not sent, in the order in which they are pushed. */
  readonly unsent: Set<number>;
  /** Sent, or asked for, and not there yet. */
  readonly coming = new Map<number, Signal<void>>();

  constructor(pages: readonly number[]) {
    this.here = new Set(pages);
    this.unsent = new Set(pages);
  }
}

/**
 * Moves a guest by its harts and devices alone, and its pages after it: those that it asks for first, the others pushed, from where it
 * asked last. Each page is sent once. From when the guest goes on, its state is at two hosts: where the link is lost
 * before all has come, so is the guest.
 *
 * The source's pages no longer change. So an instruction that finds a page absent gets its content and completes, and then the guest
 * waits for as long as the page is under way: nothing of it happens in between, whichever end of the wait that is.
 * Source: M. R. Hines and K. Gopalan, "Post-Copy Based Live Virtual Machine Migration Using Adaptive Pre-Paging and Dynamic
 * Self-Ballooning", VEE 2009, section 3.
 */
export function* postCopy(hosts: Hosts): Activity<Onward> {
  const { engine, source, destination, there, report } = hosts;
  const from = source.vm;
  const to = destination.vm;
  report.reason = "post-copy";
  const owed = source.hold();
  report.stopped = engine.now;
  const parts = from.saveParts();
  try {
    yield* there.transfer(partsBytes(parts));
  } catch (error) {
    if (!(error instanceof LinkLost)) throw error;
    report.outcome = "failed";
    report.reason = `${error.message}: the guest goes on at the source`;
    report.resumed = engine.now;
    to.ended = { kind: "interrupted" };
    return { guest: source, owed };
  }
  to.restore(parts);
  to.ended = from.ended;
  from.ended = { kind: "interrupted" };
  report.resumed = engine.now;
  const absent = new Absent(allPages(from));
  const wanted: number[] = [];
  const { bus } = to.machine;
  const took = (page: number): void => {
    absent.here.delete(page);
    putPage(to, page, pageOf(from, page));
  };
  bus.onTouch = (address, bytes) => {
    for (let page = address - (address % pageSize); page < address + bytes; page += pageSize) {
      if (!absent.here.has(page)) continue;
      took(page);
      wanted.push(page);
      to.machine.hold();
    }
  };
  bus.absent = absent.here;
  // Tables that have all of the guest's memory are made anew.
  to.machine.protect([]);
  let fetching: Process<void> | undefined;
  destination.wait = () => {
    if (wanted.length === 0) return undefined;
    fetching = engine.spawn(fetch(hosts, absent, wanted.splice(0)), { name: "fetch" });
    return fetching;
  };
  destination.start(owed);
  try {
    yield* push(hosts, absent, took);
    yield* settle(hosts, absent);
    return { guest: destination, owed: destination.hold() };
  } catch (error) {
    if (!(error instanceof LinkLost)) throw error;
    report.outcome = "lost";
    report.reason = `${error.message}: the guest is at neither host as a whole`;
    to.ended = { kind: "interrupted" };
    return undefined;
  } finally {
    bus.onTouch = undefined;
    bus.absent = undefined;
    to.machine.protect([]);
    destination.wait = undefined;
    destination.hold();
    fetching?.cancel();
  }
}

/** Everything that is under way has come. */
function* settle({ there }: Hosts, absent: Absent): Activity<void> {
  for (const arrival of [...absent.coming.values()]) yield* there.await(arrival);
}

/** Sends page after page until all are sent. */
function* push(hosts: Hosts, absent: Absent, took: (page: number) => void): Activity<void> {
  const { report } = hosts;
  for (;;) {
    const page = next(absent, report.faults.at(-1)?.page);
    if (page === undefined) return;
    report.pushed++;
    yield* send(hosts, absent, page, urgency.pushed, () => {
      if (absent.here.has(page)) took(page);
    });
  }
}

/** The next page behind the one that the guest wanted last: what it wants next is likely there. */
function next({ unsent }: Absent, pivot: number | undefined): number | undefined {
  let first: number | undefined;
  for (const page of unsent) {
    if (pivot === undefined || page > pivot) return page;
    first ??= page;
  }
  return first;
}

/** What the guest touched comes: asked for, where it isn't on its way already. */
function* fetch(hosts: Hosts, absent: Absent, pages: readonly number[]): Activity<void> {
  const { engine, back, report } = hosts;
  const at = engine.now;
  for (const page of pages) {
    const asked = absent.unsent.has(page);
    try {
      if (asked) {
        // Counted as under way from now on, so that it isn't pushed as well.
        absent.unsent.delete(page);
        const arrival = new Signal<void>("page");
        absent.coming.set(page, arrival);
        yield* back.transfer(headerBytes);
        yield* send(hosts, absent, page, urgency.fetched, () => undefined);
      }
      const arrival = absent.coming.get(page);
      if (arrival !== undefined) yield* arrival;
    } catch (error) {
      if (!(error instanceof LinkLost)) throw error;
      // The one that pushes notices as well; this guest waits for ever.
      yield* new Signal<void>("a page that never comes");
    }
    report.faults.push({ page, at, waited: engine.now - at, asked });
  }
}

function* send(
  { source, there, options }: Hosts,
  absent: Absent,
  page: number,
  first: number,
  arrived: () => void,
): Activity<void> {
  const content = pageOf(source.vm, page);
  absent.unsent.delete(page);
  const arrival = absent.coming.get(page) ?? new Signal<void>("page");
  absent.coming.set(page, arrival);
  const came = (): void => {
    absent.coming.delete(page);
    arrived();
    arrival.fire();
  };
  yield* there.send(messageBytes(content, options.zeroPages), came, { urgency: first });
}
