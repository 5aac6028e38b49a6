import { describe, expect, test } from "vitest";
import { createWorld, ms, s } from "../../../../sim/core/index.js";
import { RaftCluster, type RaftClusterOptions, type StateMachine } from "../../../../sim/k8s/index.js";

/** A list of words: whatever was applied, in order. */
class Words implements StateMachine<string, number> {
  words: readonly string[] = [];
  apply(word: string): number {
    this.words = [...this.words, word];
    return this.words.length;
  }
  save(): unknown {
    return this.words;
  }
  restore(state: unknown): void {
    this.words = state as readonly string[];
  }
}

const make = (options: Partial<RaftClusterOptions> = {}, seed = 1): RaftCluster<string, number> => {
  const cluster = new RaftCluster<string, number>(() => new Words(), { world: createWorld({ seed }), ...options });
  cluster.world.engine.run(cluster.elected());
  return cluster;
};

const wait = (cluster: RaftCluster<string, number>, seconds: number): void => {
  cluster.world.engine.run(s(cluster.world.engine.now / 1e9 + seconds));
};

const say = (cluster: RaftCluster<string, number>, word: string, at?: number): string => {
  const outcome = cluster.propose(word, at);
  cluster.world.engine.run(outcome);
  return outcome.value.outcome;
};

const words = (cluster: RaftCluster<string, number>, id: number): readonly string[] => {
  const { machine } = cluster.node(id);
  return machine instanceof Words ? machine.words : [];
};

describe("a cluster of servers under Raft", () => {
  test("applies what was proposed anywhere everywhere, in one order", () => {
    const cluster = make({ servers: 5 });
    wait(cluster, 1);
    expect([1, 2, 3, 4, 5].map((id) => say(cluster, `w${id}`, id))).toEqual(Array(5).fill("done"));
    wait(cluster, 1);
    for (const id of [1, 2, 3, 4, 5]) expect(words(cluster, id)).toEqual(["w1", "w2", "w3", "w4", "w5"]);
  });

  test("goes on without a minority, stands without a majority, and recovers what was on disks", () => {
    const cluster = make({ requestTimeout: s(3) });
    expect(say(cluster, "a")).toBe("done");
    const old = cluster.leader!.id;
    cluster.crash(old);
    wait(cluster, 4);
    expect(cluster.leader!.id).not.toBe(old);
    expect(say(cluster, "b")).toBe("done");
    const second = cluster.leader!.id;
    cluster.crash(second);
    wait(cluster, 4);
    const left = [1, 2, 3].find((id) => id !== old && id !== second)!;
    expect(say(cluster, "c", left)).not.toBe("done");
    cluster.restart(old, second);
    wait(cluster, 4);
    expect(say(cluster, "d")).toBe("done");
    wait(cluster, 1);
    for (const id of [1, 2, 3]) expect(words(cluster, id).filter((word) => word !== "c")).toEqual(["a", "b", "d"]);
  });

  test("a leader that a majority can't hear steps down, and what it took alone is replaced", () => {
    const cluster = make({ servers: 5, requestTimeout: s(5) });
    const old = cluster.leader!.id;
    const others = [1, 2, 3, 4, 5].filter((id) => id !== old);
    cluster.partition([old, others[0]!], others.slice(1));
    const alone = cluster.propose("alone", old);
    wait(cluster, 4);
    expect(cluster.node(old).raft!.status.role).not.toBe("leader");
    const chosen = cluster.leader!.id;
    expect(others.slice(1)).toContain(chosen);
    expect(say(cluster, "together", chosen)).toBe("done");
    cluster.heal();
    wait(cluster, 4);
    expect(alone.value.outcome).toBe("unknown");
    for (const id of [1, 2, 3, 4, 5]) expect(words(cluster, id)).toEqual(["together"]);
  });

  test("with pre-votes a server that was cut off comes back without disturbing the leader; without, it does", () => {
    for (const preVote of [true, false]) {
      const cluster = make({ preVote, checkQuorum: false });
      const { id } = cluster.leader!;
      const { term } = cluster.leader!.raft!.status;
      const cut = id === 1 ? 2 : 1;
      cluster.partition(
        [cut],
        [1, 2, 3].filter((other) => other !== cut),
      );
      wait(cluster, 20);
      cluster.heal();
      wait(cluster, 5);
      const after = cluster.leader!.raft!.status.term;
      if (preVote) expect([cluster.leader!.id, after]).toEqual([id, term]);
      else expect(after).toBeGreaterThan(term);
    }
  });

  test("a log that contradicts for hundreds of entries is mended in few messages, since terms are skipped", () => {
    const cluster = make({ requestTimeout: s(1), checkQuorum: false });
    const old = cluster.leader!.id;
    const others = [1, 2, 3].filter((id) => id !== old);
    cluster.partition([old], others);
    for (let i = 0; i < 500; i++) cluster.propose(`lost ${i}`, old);
    wait(cluster, 5);
    const chosen = others.find((id) => cluster.node(id).raft!.status.role === "leader")!;
    for (let i = 0; i < 5; i++) expect(say(cluster, `kept ${i}`, chosen)).toBe("done");
    cluster.crash(others.find((id) => id !== chosen)!);
    cluster.heal();
    const from = cluster.world.engine.now;
    wait(cluster, 1);
    expect(words(cluster, old)).toHaveLength(5);
    const refusals = cluster.sequence({ from }).messages.filter(({ label }) => label.includes("lacks"));
    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals.length).toBeLessThan(5);
  });

  test("who was away long gets a snapshot, also where snapshots get lost", () => {
    const cluster = make({ snapshotEvery: 10, network: { loss: 0.2 } }, 5);
    const away = cluster.leader!.id === 1 ? 2 : 1;
    cluster.crash(away);
    for (let i = 0; i < 35; i++) say(cluster, `w${i}`);
    const there = cluster.leader!.id;
    cluster.restart(away);
    wait(cluster, 20);
    expect(words(cluster, away)).toEqual(words(cluster, there));
    expect(words(cluster, away).length).toBeGreaterThan(20);
    expect(cluster.node(away).raft!.status.log.snapshot.index).toBeGreaterThanOrEqual(20);
    expect(cluster.sequence().messages.some(({ label }) => label.startsWith("snapshot"))).toBe(true);
  });

  test("leadership is handed over without a pause of an election's length", () => {
    const cluster = make();
    wait(cluster, 1);
    const target = (cluster.leader!.id % 3) + 1;
    cluster.leader!.transferLeader(target);
    wait(cluster, 0.1);
    expect(cluster.leader!.id).toBe(target);
    expect(say(cluster, "on")).toBe("done");
  });

  test("members join, learn, are promoted and leave, one at a time and through a joint configuration", () => {
    const cluster = make({ snapshotEvery: 5 });
    for (let i = 0; i < 12; i++) say(cluster, `w${i}`);
    const change = (value: Parameters<typeof cluster.change>[0]): string => {
      const outcome = cluster.change(value);
      cluster.world.engine.run(outcome);
      wait(cluster, 1);
      return outcome.value.outcome;
    };
    cluster.join(4);
    expect(change({ changes: [{ type: "addLearner", id: 4 }] })).toBe("done");
    expect(cluster.leader!.raft!.status.conf).toMatchObject({ voters: [1, 2, 3], learners: [4] });
    expect(words(cluster, 4)).toHaveLength(12);
    expect(change({ changes: [{ type: "addVoter", id: 4 }] })).toBe("done");
    cluster.join(5);
    cluster.join(6);
    const gone = cluster.leader!.id;
    const joint = {
      changes: [
        { type: "addVoter", id: 5 },
        { type: "addVoter", id: 6 },
        { type: "remove", id: gone },
      ],
    } as const;
    expect(change(joint)).toBe("done");
    wait(cluster, 5);
    const { conf } = cluster.leader!.raft!.status;
    expect(conf.voters).toEqual([1, 2, 3, 4, 5, 6].filter((id) => id !== gone));
    expect(conf.outgoing).toEqual([]);
    expect(cluster.leader!.id).not.toBe(gone);
    expect(say(cluster, "after")).toBe("done");
    wait(cluster, 1);
    expect(words(cluster, 6)).toHaveLength(13);
  });

  test("a read is answered where all that was done before has been applied", () => {
    const cluster = make();
    wait(cluster, 1);
    const follower = cluster.nodes.find((node) => node.id !== cluster.leader!.id)!;
    expect(say(cluster, "seen")).toBe("done");
    expect(words(cluster, follower.id)).toEqual([]);
    const read = follower.readIndex();
    cluster.world.engine.run(read);
    expect(read.value.outcome).toBe("done");
    expect(words(cluster, follower.id)).toEqual(["seen"]);
  });

  test("the same seed gives the same run; an idle cluster costs nothing but heartbeats", () => {
    const run = (): string => {
      const cluster = make({ servers: 5, network: { loss: 0.1, duplication: 0.1 } }, 9);
      cluster.crash(cluster.leader!.id);
      wait(cluster, 10);
      return cluster.transcript().text;
    };
    expect(run()).toBe(run());
    const cluster = make({ servers: 3 });
    wait(cluster, 1);
    const before = cluster.world.engine.events;
    wait(cluster, 10);
    // A second: ten times two heartbeats and their answers, ten ticks of the leader, and timers of its followers.
    expect((cluster.world.engine.events - before) / 10).toBeLessThan(10 * (2 + 2 + 1) + 10);
  });

  test("bad options are refused, with the mend", () => {
    expect(() => new RaftCluster(() => new Words(), { servers: 0 })).toThrow(/0 servers/);
    expect(() => new RaftCluster(() => new Words(), { electionTicks: 1 })).toThrow(/election timeout of 1 ticks/);
    expect(() => new RaftCluster(() => new Words(), { reads: "lease", checkQuorum: false })).toThrow(/checkQuorum/);
    expect(() => make().node(9)).toThrow(/no server 9/);
  });
});

test("elections as transcripts", async () => {
  const cluster = make({ servers: 3 }, 4);
  wait(cluster, 0.5);
  cluster.crash(cluster.leader!.id);
  wait(cluster, 3);
  cluster.restart(...cluster.nodes.filter((node) => !node.up).map(({ id }) => id));
  wait(cluster, 0.5);
  expect(cluster.timeline().lanes).toHaveLength(3);
  await expect(cluster.transcript().text).toMatchFileSnapshot("golden/crash-of-a-leader.txt");

  const split = make(
    { servers: 3, preVote: false, checkQuorum: false, tick: ms(1), electionTicks: 100, electionSpread: 3 },
    2,
  );
  split.crash(split.leader!.id);
  wait(split, 1);
  await expect(split.transcript().text).toMatchFileSnapshot("golden/split-votes.txt");
});
