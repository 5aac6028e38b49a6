import { describe, expect, test } from "vitest";
import { minutes, ms, s, type Activity } from "../../../../sim/core/index.js";
import {
  ControlLoop,
  EventRecorder,
  Expectations,
  KubeClient,
  LeaderElection,
  keyOf,
  splitKey,
  type Again,
  type ApiEndpoint,
} from "../../../../sim/k8s/index.js";
import { configMap, root, surroundings } from "./surroundings.js";

describe("a control loop", () => {
  test("tries a key again, later each time, until the API takes it", () => {
    const { client, world, done, later } = surroundings();
    const tries: number[] = [];
    const loop = new ControlLoop({
      world,
      name: "copier",
      *reconcile(key): Activity<Again | undefined> {
        tries.push(world.engine.now / 1e6);
        const { namespace, name } = splitKey(key);
        const source = yield* client.get("configmaps", namespace, name);
        yield* client.create("configmaps", namespace, { metadata: { name: `${name}-copy` }, data: source["data"] });
        return undefined;
      },
    });
    loop.queue.add("default/a");
    later(ms(100));
    done(client.create("configmaps", "default", configMap("a", { k: "v" })));
    world.engine.run();
    expect(done(client.get("configmaps", "default", "a-copy"))["data"]).toEqual({ k: "v" });
    const waits = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
    // 5, 10, 20, 40 and 80 ms, each behind a call of 0.5 ms.
    expect(waits).toEqual([5.5, 10.5, 20.5, 40.5, 80.5]);
    expect(loop.queue.failures("default/a")).toBe(0);
    expect(world.trace.rows("reconcile.failed")).toHaveLength(5);
    loop.stop();
  });

  test("works on as many keys at a time as it has workers, looks again where asked to, and lets mistakes out", () => {
    const { world } = surroundings();
    let atOnce = 0;
    let most = 0;
    const seen = new Map<string, number>();
    const loop = new ControlLoop({
      world,
      name: "slow",
      workers: 3,
      *reconcile(key): Activity<Again | undefined> {
        if (key === "bad") throw new TypeError("a mistake");
        most = Math.max(most, ++atOnce);
        yield* world.engine.delay(ms(10));
        atOnce--;
        const times = (seen.get(key) ?? 0) + 1;
        seen.set(key, times);
        return times < 3 ? { after: s(1) } : undefined;
      },
    });
    for (let i = 0; i < 10; i++) loop.queue.add(`${i}`);
    world.engine.run();
    expect(most).toBe(3);
    expect([...seen.values()]).toEqual(Array.from({ length: 10 }, () => 3));
    loop.queue.add("bad");
    expect(() => world.engine.run()).toThrow("a mistake");
    loop.stop();
    loop.queue.add("late");
    world.engine.run();
    expect(seen.has("late")).toBe(false);
  });
});

describe("expectations", () => {
  test("hold until all that was done is seen, or five minutes are over", () => {
    const { world, later } = surroundings();
    const expectations = new Expectations(world.engine);
    expect(expectations.satisfied("a")).toBe(true);
    expectations.expectCreations("a", 2);
    expectations.creationObserved("a");
    expect(expectations.satisfied("a")).toBe(false);
    expectations.creationObserved("a");
    expect(expectations.satisfied("a")).toBe(true);
    expectations.expectDeletions("a", ["u", "v"]);
    expectations.deletionObserved("a", "u");
    expectations.deletionObserved("a", "u");
    expect(expectations.satisfied("a")).toBe(false);
    later(minutes(5));
    expect(expectations.satisfied("a")).toBe(false);
    later(s(1));
    expect(expectations.satisfied("a")).toBe(true);
  });
});

describe("an event recorder", () => {
  const events = ({ client, done }: ReturnType<typeof surroundings>): { message: unknown; count: unknown }[] =>
    done(client.list("events", "default")).items.map(({ message, count }) => ({ message, count }));

  test("counts the same up, joins many alike, and stops hearing who says too much", () => {
    const around = surroundings();
    const { client, world, done } = around;
    const about = done(client.create("configmaps", "default", configMap("a")));
    const recorder = new EventRecorder(client, "tester");
    for (let i = 0; i < 3; i++) {
      recorder.event(about, "Normal", "Same", "again");
      world.engine.run();
    }
    expect(events(around)).toEqual([{ message: "again", count: 3 }]);
    for (let i = 0; i < 12; i++) {
      recorder.event(about, "Normal", "Created", `pod ${i}`);
      world.engine.run();
    }
    const created = events(around).filter(({ message }) => String(message).includes("pod"));
    expect(created).toHaveLength(10);
    expect(created.filter(({ message }) => String(message).startsWith("(combined"))).toEqual([
      { message: "(combined from similar events): pod 11", count: 3 },
    ]);
    for (let i = 0; i < 20; i++) recorder.event(about, "Warning", "Spam", "x");
    world.engine.run();
    expect(recorder.dropped).toBe(10);
    expect(events(around).find(({ message }) => message === "x")).toEqual({ message: "x", count: 10 });
  });
});

describe("leader election", () => {
  function campaign(around: ReturnType<typeof surroundings>, identity: string, clockRate = 1): LeaderElection {
    const client = new KubeClient({ world: around.world, endpoint: around.endpoint, user: root });
    return new LeaderElection(client, {
      name: "kube-scheduler",
      identity,
      clockRate,
      started: () => undefined,
      stopped: () => undefined,
    });
  }
  const leaders = (all: readonly LeaderElection[]): number => all.filter(({ leads }) => leads).length;

  test("has one leader; when it dies, another within the lease and a retry", () => {
    const around = surroundings();
    const { world, later, client, done } = around;
    const all = ["a", "b", "c"].map((identity) => campaign(around, identity));
    later(s(1));
    for (let i = 0; i < 100; i++) {
      later(s(1));
      expect(leaders(all)).toBe(1);
    }
    const first = all.find(({ leads }) => leads);
    first?.stop();
    const died = world.engine.now;
    const rest = all.filter((each) => each !== first);
    while (leaders(rest) === 0) later(ms(100));
    const silent = (world.engine.now - died) / 1e9;
    // The last renewal is up to 2 s old; who waits tries every 2 to 4.4 s.
    expect(silent).toBeGreaterThan(15 - 2.1);
    expect(silent).toBeLessThan(15 + 4.5);
    const lease = done(client.get("leases", "kube-system", "kube-scheduler"));
    expect(lease.spec).toMatchObject({ leaseDurationSeconds: 15, leaseTransitions: 1 });
    expect(keyOf(lease)).toBe("kube-system/kube-scheduler");
  });

  test("has a leader step down 10 s after it last reached the API, before anyone else may lead", () => {
    const around = surroundings();
    const { connect, api, later } = around;
    const all = ["a", "b"].map((identity) => campaign(around, identity));
    later(s(5));
    connect(undefined);
    later(s(8));
    expect(leaders(all)).toBe(1);
    later(s(4.5));
    expect(leaders(all)).toBe(0);
    connect(api);
    later(s(10));
    expect(leaders(all)).toBe(1);
  });

  test.each([
    { clockRate: 1, both: false },
    // By its slow clock 10 s take 50 s, while the others wait for 15 s.
    { clockRate: 0.2, both: true },
  ])("a leader that is cut off, its clock going at $clockRate, leads beside its successor: $both", (row) => {
    const around = surroundings();
    const { world, api, later } = around;
    let cut = false;
    const endpoint: ApiEndpoint = { handle: (request) => (cut ? undefined : api.handle(request)) };
    const first = campaign({ ...around, endpoint }, "first", row.clockRate);
    later(s(3));
    const second = campaign({ ...around, endpoint: api }, "second");
    later(s(30));
    expect([first.leads, second.leads]).toEqual([true, false]);
    cut = true;
    let both = false;
    const from = world.engine.now;
    while (!second.leads && world.engine.now - from < s(60)) {
      later(ms(100));
      both ||= first.leads && second.leads;
    }
    expect(second.leads).toBe(true);
    expect(both).toBe(row.both);
  });
});
