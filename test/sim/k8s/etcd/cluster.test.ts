import { expect, test } from "vitest";
import { createWorld, minutes, s, type Activity } from "../../../../sim/core/index.js";
import { EtcdCluster, isEtcdError, type EtcdClusterOptions, type EtcdError } from "../../../../sim/k8s/index.js";

const make = (options: Partial<EtcdClusterOptions> = {}): EtcdCluster =>
  new EtcdCluster({ world: createWorld({ seed: 2 }), ...options }).start();
const answer = <T>(cluster: EtcdCluster, activity: Activity<T>): T => {
  const process = cluster.world.engine.spawn(activity);
  cluster.world.engine.run(process);
  return process.value;
};
const ok = <T>(cluster: EtcdCluster, activity: Activity<T | EtcdError>): T => {
  const got = answer(cluster, activity);
  if (isEtcdError(got)) throw new Error(got.message);
  return got;
};
const wait = (cluster: EtcdCluster, seconds: number): void => {
  cluster.world.engine.run(s(cluster.world.engine.now / 1e9 + seconds));
};

test("any member answers for all, and all hold the same", () => {
  const cluster = make();
  wait(cluster, 1);
  for (const id of [1, 2, 3]) ok(cluster, cluster.member(id).put({ key: `k${id}`, value: "v" }));
  for (const id of [1, 2, 3]) expect(ok(cluster, cluster.member(id).range({ key: "k", rangeEnd: "l" })).count).toBe(3);
  wait(cluster, 1);
  const hashes = cluster.members.map((member) => member.hashKv(0));
  expect(new Set(hashes.map((hash) => JSON.stringify(hash))).size).toBe(1);
  expect(cluster.member(1).status()).toMatchObject({ raftTerm: 2, leader: cluster.leader!.id, errors: [] });
});

test("a lease outlives its leader, with all its time again; a checkpoint keeps what was left", () => {
  for (const [checkpoint, left] of [
    [0, 900],
    [1, 900 - 600],
  ] as const) {
    const cluster = make(checkpoint === 1 ? { leaseCheckpoint: minutes(5) } : {});
    const old = cluster.leader!;
    const lease = ok(cluster, old.leaseGrant(900));
    ok(cluster, old.put({ key: "k", lease: lease.id }));
    wait(cluster, 660);
    cluster.raft.crash(old.id);
    wait(cluster, 5);
    const { ttl, keys } = ok(cluster, cluster.leader!.leaseTimeToLive(lease.id));
    expect(keys).toEqual(["k"]);
    expect(Math.abs(ttl - left)).toBeLessThan(10);
    wait(cluster, 950);
    expect(ok(cluster, cluster.leader!.range({ key: "k" })).count).toBe(0);
  }
});

test("a majority lost is told in etcd's words, and what one server holds can still be read", () => {
  const cluster = make();
  const [one, two, three] = cluster.members;
  wait(cluster, 1);
  ok(cluster, one!.put({ key: "k" }));
  wait(cluster, 1);
  cluster.raft.crash(two!.id, three!.id);
  wait(cluster, 5);
  expect(answer(cluster, one!.put({ key: "k" }))).toMatchObject({ message: "etcdserver: request timed out" });
  expect(answer(cluster, one!.range({ key: "k" }))).toMatchObject({ code: "Unavailable" });
  expect(ok(cluster, one!.range({ key: "k", serializable: true })).count).toBe(1);
  expect(answer(cluster, two!.put({ key: "k" }))).toMatchObject({ message: "etcdserver: server stopped" });
  cluster.raft.restart(two!.id);
  wait(cluster, 5);
  expect(ok(cluster, two!.range({ key: "k" })).count).toBe(1);
});

test("a watcher of a server that needs a snapshot misses nothing", () => {
  const cluster = make({ snapshotEvery: 10 });
  const away = cluster.members.find((member) => member !== cluster.leader)!;
  const seen: number[] = [];
  away.watch({ key: "\0", rangeEnd: "\0" }, ({ events }) => void seen.push(...events.map(({ kv }) => kv.modRevision)));
  cluster.raft.partition(cluster.members.filter((member) => member !== away).map(({ id }) => id));
  for (let i = 0; i < 30; i++) ok(cluster, cluster.leader!.put({ key: `k${i % 3}`, value: `${i}` }));
  cluster.raft.heal();
  wait(cluster, 5);
  expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => i + 2));
});

test("members are added as learners, promoted, moved to and removed", () => {
  const cluster = make();
  ok(cluster, cluster.add(4, { learner: true }));
  wait(cluster, 1);
  expect(ok(cluster, cluster.leader!.members()).map(({ isLearner }) => isLearner)).toEqual([false, false, false, true]);
  expect(answer(cluster, cluster.promote(2))).toMatchObject({
    message: "etcdserver: can only promote a learner member",
  });
  expect(answer(cluster, cluster.promote(4))).toBeUndefined();
  wait(cluster, 1);
  expect(answer(cluster, cluster.leader!.moveLeader(4))).toBeUndefined();
  expect(cluster.leader!.id).toBe(4);
  expect(answer(cluster, cluster.remove(9))).toMatchObject({ message: "etcdserver: member not found" });
  expect(answer(cluster, cluster.remove(1))).toBeUndefined();
  expect(ok(cluster, cluster.leader!.members()).map(({ id }) => id)).toEqual([2, 3, 4]);
});

test("one server is a cluster, too", () => {
  const cluster = make({ servers: 1 });
  expect(ok(cluster, cluster.member(1).put({ key: "k" })).header.revision).toBe(2);
  cluster.raft.crash(1);
  cluster.raft.restart(1);
  cluster.start();
  expect(ok(cluster, cluster.member(1).range({ key: "k" })).count).toBe(1);
});
