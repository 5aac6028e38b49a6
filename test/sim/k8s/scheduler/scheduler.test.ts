import { expect, test } from "vitest";
import { minutes, s } from "../../../../sim/core/index.js";
import { Scheduler, type JsonObject, type KubeObject, type SchedulerOptions } from "../../../../sim/k8s/index.js";
import { surroundings, type Surroundings } from "../client/surroundings.js";

interface Running extends Surroundings {
  readonly scheduler: Scheduler;
  readonly node: (name: string, more?: JsonObject, cpu?: string) => void;
  readonly pod: (name: string, cpu: string, spec?: JsonObject, labels?: JsonObject) => void;
  readonly read: (name: string) => KubeObject;
  readonly placed: () => Record<string, string>;
  readonly events: (reason: string) => string[];
  /** What the scheduler said for a reason, in order, and when in seconds. */
  readonly said: (reason: string) => { readonly time: number; readonly message: unknown }[];
}

function running(options: Partial<SchedulerOptions> = {}): Running {
  const around = surroundings();
  const { client, done, world } = around;
  done(client.create("serviceaccounts", "default", { metadata: { name: "default" } }));
  const scheduler = new Scheduler({ client, ...options });
  world.engine.run();
  const all = (): readonly KubeObject[] => done(client.list("pods", "default")).items;
  return {
    ...around,
    scheduler,
    node: (name, more = {}, cpu = "4") => {
      done(client.create("nodes", "", { metadata: { name }, spec: more }));
      done(client.patch("nodes", "", name, { status: { allocatable: { cpu, memory: "8Gi", pods: "110" } } }, "status"));
    },
    pod: (name, cpu, spec = {}, labels = {}) => {
      const containers = [{ name: "main", image: "web:1", resources: { requests: { cpu } } }];
      done(client.create("pods", "default", { metadata: { name, labels }, spec: { containers, ...spec } }));
    },
    read: (name) => done(client.get("pods", "default", name)),
    placed: () =>
      Object.fromEntries(
        all().map((pod) => {
          const { nodeName = "" } = pod["spec"] as { nodeName?: string };
          return [pod.metadata.name ?? "", nodeName];
        }),
      ),
    events: (reason) =>
      done(client.list("events", "default")).items.flatMap((event) =>
        event.reason === reason ? [`${event.involvedObject.name ?? ""}: ${event.message ?? ""}`] : [],
      ),
    said: (reason) =>
      world.trace
        .rows("event")
        .flatMap((row) => (row["reason"] === reason ? [{ time: row.time / 1e9, message: row["message"] }] : [])),
  };
}

const priorityClass = ({ client, done }: Running, name: string, value: number): void => {
  done(client.create("priorityclasses", "", { metadata: { name }, value }));
};

test("pods are spread over nodes and bound, and an event says so", () => {
  const all = running();
  for (const name of ["a", "b"]) all.node(name);
  for (let n = 0; n < 6; n++) all.pod(`p${n}`, "1");
  all.world.engine.run();
  const nodes = Object.values(all.placed());
  expect(nodes.filter((name) => name === "a")).toHaveLength(3);
  expect(nodes.filter((name) => name === "b")).toHaveLength(3);
  expect(all.events("Scheduled")).toContain(`p0: Successfully assigned default/p0 to ${all.placed()["p0"] ?? ""}`);
  expect(all.scheduler.explain("default", "p5").title).toMatch(/^Why is p5 on [ab]\?$/);
  expect(() => all.scheduler.explain("default", "none")).toThrow("no decision on pod default/none is remembered");
});

test("a pod for which there is no room waits, says why, and goes where room comes about", () => {
  const all = running();
  all.pod("p", "3");
  all.world.engine.run();
  expect(all.events("FailedScheduling")).toEqual(["p: no nodes available to schedule pods"]);
  all.node("a", { taints: [{ key: "k", value: "v", effect: "NoSchedule" }] });
  all.node("b", {}, "2");
  all.world.engine.run();
  const text =
    "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {k: v}. preemption: 0/2 nodes are available: " +
    "1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.";
  expect(all.said("FailedScheduling").at(-1)?.message).toBe(text);
  expect(all.read("p")["status"]).toMatchObject({
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: text }],
  });
  expect(all.scheduler.queue.counts).toEqual({ active: 0, backoff: 0, unschedulable: 1 });
  all.node("c");
  all.world.engine.run();
  expect(all.placed()).toEqual({ p: "c" });
});

test("a try is a second behind the one before, then two, up to ten; an event that can't help wakes nobody", () => {
  const all = running();
  all.node("a", {}, "1");
  all.pod("p", "2");
  all.later(s(60));
  const tries = (): number[] => all.said("FailedScheduling").map(({ time }) => time);
  expect(tries()).toHaveLength(1);
  // A pod that leaves may help, one that comes may not.
  all.pod("q", "100m");
  all.later(s(10));
  expect(tries()).toHaveLength(1);
  for (let round = 0; round < 6; round++) {
    all.done(all.client.patch("nodes", "", "a", { metadata: { labels: { round: `${round}` } } }));
    all.world.engine.run();
  }
  const gaps = tries()
    .slice(1)
    .map((time, i) => Math.round(time - (tries()[i] ?? 0)));
  expect(gaps.slice(1)).toEqual([2, 4, 8, 10, 10]);
  const before = tries().length;
  all.later(minutes(5));
  expect(tries().length).toBeGreaterThan(before);
});

test("the most important pod first; gates keep a pod out until they are gone", () => {
  const all = running();
  all.scheduler.stop();
  priorityClass(all, "high", 1000);
  all.node("a");
  all.pod("low", "3");
  all.pod("gated", "1", { schedulingGates: [{ name: "example.com/wait" }] });
  all.pod("high", "3", { priorityClassName: "high" });
  const scheduler = new Scheduler({ client: all.client });
  all.world.engine.run();
  expect(all.placed()).toEqual({ gated: "", high: "a", low: "" });
  all.done(all.client.patch("pods", "default", "gated", { spec: { schedulingGates: null } }));
  all.world.engine.run();
  expect(all.placed()).toEqual({ gated: "a", high: "a", low: "" });
  scheduler.stop();
});

test("a pod of high priority takes the room of the least important, and spares whom a budget protects", () => {
  const all = running();
  priorityClass(all, "high", 1000);
  priorityClass(all, "middle", 10);
  for (const name of ["a", "b"]) all.node(name);
  const on = (name: string): JsonObject => ({ nodeSelector: { at: name }, terminationGracePeriodSeconds: 0 });
  for (const name of ["a", "b"]) all.done(all.client.patch("nodes", "", name, { metadata: { labels: { at: name } } }));
  all.pod("kept", "3", on("a"), { app: "db" });
  all.pod("small", "1", { ...on("a"), priorityClassName: "middle" });
  all.pod("lost", "3", on("b"));
  all.pod("stays", "1", { ...on("b"), priorityClassName: "middle" });
  const selector = { matchLabels: { app: "db" } };
  all.done(all.client.create("poddisruptionbudgets", "default", { metadata: { name: "db" }, spec: { selector } }));
  all.world.engine.run();
  expect(all.placed()).toEqual({ kept: "a", small: "a", lost: "b", stays: "b" });
  all.pod("urgent", "3", { priorityClassName: "high" });
  all.world.engine.run();
  expect(all.placed()).toEqual({ kept: "a", small: "a", stays: "b", urgent: "b" });
  expect(all.events("Preempted")).toEqual([
    `lost: Preempted by pod ${all.read("urgent").metadata.uid ?? ""} on node b`,
  ]);
  expect(all.read("urgent")["status"]).toMatchObject({ nominatedNodeName: "b" });
  all.pod("never", "3", { priorityClassName: "high", preemptionPolicy: "Never" });
  all.world.engine.run();
  expect(all.said("FailedScheduling").at(-1)?.message).toMatch(/not eligible due to preemptionPolicy=Never\.$/);
});

test("a binding that fails gives its room back and is tried again", () => {
  let failures = 2;
  const all = running();
  all.scheduler.stop();
  const { client, world } = all;
  const refused: SchedulerOptions["plugins"] = [
    { name: "Sometimes", weight: 0, reserve: () => (failures-- > 0 ? "not now" : undefined) },
    {
      name: "Binder",
      weight: 0,
      *bind({ pod }, { name }) {
        const metadata = { name: pod.metadata.name ?? "", namespace: "default" };
        yield* client.post("pods", "default", metadata.name, "binding", { metadata, target: { kind: "Node", name } });
        return true;
      },
    },
  ];
  const scheduler = new Scheduler({ client, plugins: refused });
  all.node("a");
  all.pod("p", "3");
  world.engine.run();
  expect(all.placed()).toEqual({ p: "a" });
  expect(all.events("FailedScheduling")).toEqual(["p: binding rejected: not now"]);
  scheduler.stop();
});
