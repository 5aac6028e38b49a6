import { describe, expect, test } from "vitest";
import { ms, s, type Activity } from "../../../../sim/core/index.js";
import {
  checkLinearizable,
  EtcdCluster,
  isEtcdError,
  linearizabilityTrial,
  type NodeFlaw,
  type Operation,
  type RaftFlaw,
  type TrialOptions,
} from "../../../../sim/k8s/index.js";

const long = process.env["VIRTLAB_LONG"] === "1";

test("what clients see of a troubled cluster is linearizable", () => {
  // The long form's count is that of the claim; servers and settings take turns.
  for (let seed = 0; seed < (long ? 10_000 : 150); seed++) {
    const { verdict, broken } = linearizabilityTrial({ seed, servers: seed % 4 === 0 ? 5 : 3 });
    expect({ seed, verdict, broken }).toEqual({ seed, verdict: { linearizable: true }, broken: undefined });
  }
}, 1_200_000);

/** Elections at every turn, without what keeps them rare. */
const rough = {
  preVote: false,
  checkQuorum: false,
  tick: ms(10),
  electionTicks: 10,
  electionSpread: 4,
  heartbeatTicks: 2,
  requestTimeout: s(1),
} as const;
const slowDisks = { sync: [ms(20), ms(200)] } as const;
const nuisances = ["partition", "crash", "loss"] as const;

/** Each mistake, where it can show, and a seed with which it does; where changes have moved that, others are tried. */
const mutants: Readonly<Record<string, readonly [Partial<TrialOptions>, number]>> = {
  "reads-without-quorum": [{}, 3],
  "votes-for-any-log": [{ nuisances, cluster: rough }, 2],
  "forgets-behind": [{}, 6],
  "votes-twice": [{ nuisances, cluster: rough }, 116],
  "forgets-votes": [{ nuisances, cluster: rough }, 91],
  "acks-before-sync": [{ nuisances, cluster: { ...rough, ...slowDisks } }, 3],
};

describe("the checker catches", () => {
  test.each(Object.entries(mutants))(
    "%s",
    (name, [options, known]) => {
      const flaw = name as RaftFlaw | NodeFlaw;
      const caught = (seed: number): boolean => {
        const { verdict, broken } = linearizabilityTrial({
          ...options,
          seed,
          cluster: { ...options.cluster, flaw },
        });
        return !verdict.linearizable || broken !== undefined;
      };
      let found = caught(known);
      for (let seed = 0; !found && seed < 2000; seed++) found = caught(seed);
      expect(found).toBe(true);
    },
    120_000,
  );

  test("reads by lease, where servers stand still and clocks differ: what etcd's documentation warns of", () => {
    const caught = (seed: number): boolean =>
      !linearizabilityTrial({ seed, cluster: { reads: "lease" } }).verdict.linearizable;
    let found = caught(83);
    for (let seed = 0; !found && seed < 2000; seed++) found = caught(seed);
    expect(found).toBe(true);
  }, 120_000);

  /** Figure 8 of the paper: an entry of an earlier term is on a majority and yet replaced. */
  test.each([undefined, "commits-old-terms"] as const)(
    "commits of old terms by counting (%s), by the figure's steps",
    (flaw) => {
      const cluster = new EtcdCluster({
        servers: 5,
        preVote: false,
        checkQuorum: false,
        // Nothing happens by itself.
        electionTicks: 100_000,
        heartbeatTicks: 50_000,
        entriesPerMessage: 1,
        requestTimeout: s(1),
        network: { latency: ms(1), jitter: ms(0) },
        sync: [ms(1), ms(1)],
        flaw,
      });
      const { raft, world } = cluster;
      const { engine } = world;
      const pass = (millis: number): void => {
        engine.run(ms(engine.now / 1e6 + millis));
      };
      const lead = (id: number, ...among: readonly number[]): void => {
        raft.partition([id, ...among]);
        for (let tries = 0; tries < 5 && raft.node(id).raft!.status.role !== "leader"; tries++) {
          raft.node(id).campaign();
          for (let wait = 0; wait < 20 && raft.node(id).raft!.status.role !== "leader"; wait++) pass(0.5);
        }
        expect(raft.node(id).raft!.status.role).toBe("leader");
      };
      const history: Operation[] = [];
      const act = function* (client: number, value: string | undefined, at: number): Activity<void> {
        const called = engine.now;
        const member = cluster.member(at);
        const response =
          value === undefined ? yield* member.range({ key: "k" }) : yield* member.put({ key: "k", value });
        const known = !isEtcdError(response);
        const answer = known && "kvs" in response ? { read: response.kvs[0]?.value } : {};
        const call = value === undefined ? ({ type: "read" } as const) : ({ type: "write", value } as const);
        history.push({
          client,
          key: "k",
          call,
          called,
          answered: known ? engine.now : undefined,
          ...(known ? { answer } : {}),
        });
      };
      // (a) S1 leads and brings its entry to S2 alone.
      lead(1, 2, 3, 4, 5);
      pass(20);
      raft.partition([1, 2]);
      engine.spawn(act(1, "x", 1));
      pass(20);
      // (b) S5 leads by the votes of S3 and S4, and takes an entry that nobody else gets.
      lead(5, 3, 4);
      raft.partition();
      pass(5);
      // (c) S1 leads again and brings the old entry to S3: that is a majority.
      raft.crash(5);
      // It hears of the later term by a candidate whose log is too short.
      raft.partition([1, 2, 3, 4]);
      raft.node(3).campaign();
      pass(10);
      lead(1, 2, 3, 4);
      raft.partition([1, 2, 3]);
      for (let wait = 0; wait < 40 && raft.node(3).raft!.status.log.lastIndex < 3; wait++) pass(0.5);
      for (let wait = 0; wait < 3 && history.length === 0; wait++) pass(1);
      const early = history.length > 0;
      // (d) S1 crashes, S5 is elected by S3 and S4, and its entry takes the old one's place.
      raft.crash(1);
      raft.crash(2);
      raft.restart(5);
      if (flaw === undefined) {
        // Nothing was promised: whatever comes, the history holds.
        expect(early).toBe(false);
        expect(checkLinearizable(history)).toEqual({ linearizable: true });
        return;
      }
      expect(early).toBe(true);
      lead(5, 3, 4);
      pass(20);
      engine.run(engine.spawn(act(2, undefined, 5)));
      expect(checkLinearizable(history)).toMatchObject({ linearizable: false, key: "k" });
    },
  );
});
