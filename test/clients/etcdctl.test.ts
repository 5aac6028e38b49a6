import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { serve, type ServedEtcdCluster } from "../../kernel/api/serve.js";
import { createWorld } from "../../sim/core/index.js";
import { k8s } from "../../sim/lab/index.js";
import { needs, pathOf } from "./tools.js";

/** A program that runs beside this test, which serves it. */
function start(args: readonly string[], input = ""): ChildProcessWithoutNullStreams {
  const child = spawn(pathOf("etcdctl"), args, { env: { ...process.env, ETCDCTL_API: "3" } });
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8");
  child.stdin.end(input);
  return child;
}

/** Resolves with what it printed on both ways. */
function finished(child: ChildProcessWithoutNullStreams): Promise<string> {
  let text = "";
  const hear = (part: string): void => {
    text += part;
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  return new Promise((resolve) => {
    child.on("close", () => {
      resolve(text);
    });
  });
}

describe("Debian's etcdctl", () => {
  let served: ServedEtcdCluster | undefined;
  let cluster: k8s.EtcdCluster;

  beforeEach(async (context) => {
    needs(context, "etcdctl");
    await served?.close();
    cluster = new k8s.EtcdCluster({ world: createWorld({ seed: 1 }) }).start();
    served = await serve(cluster);
  });
  afterAll(() => served?.close());

  const endpoints = (): string => `--endpoints=${(served?.ports ?? []).map((port) => `127.0.0.1:${port}`).join(",")}`;
  const etcdctl = (...args: readonly string[]): Promise<string> => finished(start([endpoints(), ...args]));

  test("puts, gets and deletes; bytes stay bytes", async () => {
    expect(await etcdctl("put", "grüße", "wörld")).toBe("OK\n");
    expect(await etcdctl("put", "key/1", "one")).toBe("OK\n");
    expect(await etcdctl("put", "key/2", "two")).toBe("OK\n");
    expect(await etcdctl("put", "key/1", "uno", "--prev-kv")).toBe("OK\nkey/1\none\n");
    expect(await etcdctl("get", "grüße")).toBe("grüße\nwörld\n");
    expect(await etcdctl("get", "key/", "--prefix")).toBe("key/1\nuno\nkey/2\ntwo\n");
    expect(await etcdctl("get", "key/", "--prefix", "--keys-only", "--order=DESCEND", "--sort-by=KEY")).toMatch(
      /^key\/2\n+key\/1\n+$/,
    );
    expect(await etcdctl("get", "key/1", "--rev=3")).toBe("key/1\none\n");
    const json = JSON.parse(await etcdctl("get", "key/1", "-w", "json")) as {
      readonly header: { readonly revision: number };
      readonly kvs: readonly object[];
    };
    expect(json.header.revision).toBe(5);
    const [key, value] = ["key/1", "uno"].map((text) => Buffer.from(text).toString("base64"));
    expect(json.kvs).toEqual([{ key, value, create_revision: 3, mod_revision: 5, version: 2 }]);
    expect(await etcdctl("del", "key/", "--prefix", "--prev-kv")).toBe("2\nkey/1\nuno\nkey/2\ntwo\n");
  });

  test("transactions", async () => {
    await etcdctl("put", "k", "old");
    const txn = 'value("k") = "old"\nversion("none") = "0"\n\nput k new\nget k\n\nput k never\n\n';
    expect(await finished(start([endpoints(), "txn"], txn))).toBe("SUCCESS\n\nOK\n\nk\nnew\n");
    expect(await finished(start([endpoints(), "txn"], txn))).toBe("FAILURE\n\nOK\n");
    expect(await etcdctl("get", "k", "--print-value-only")).toBe("never\n");
  });

  test("watches from a past revision, and as it happens", async () => {
    await etcdctl("put", "w", "1");
    const child = start([endpoints(), "watch", "w", "--rev=2", "--prev-kv"]);
    let text = "";
    const heard = (what: string): Promise<void> => expect.poll(() => text, { timeout: 20_000 }).toContain(what);
    child.stdout.on("data", (part: string) => {
      text += part;
    });
    try {
      await heard("PUT\nw\n1\n");
      await etcdctl("put", "w", "2");
      await heard("w\n2\n");
      await etcdctl("del", "w");
      await heard("DELETE\n");
    } finally {
      child.kill();
    }
    await etcdctl("compact", "4");
    // A watch is answered by what its server has applied: a read of each brings them up to date.
    await etcdctl("endpoint", "health");
    expect(await etcdctl("watch", "w", "--rev=2")).toContain("required revision has been compacted");
  });

  test("leases", async () => {
    const granted = await etcdctl("lease", "grant", "60");
    const id = /^lease ([0-9a-f]+) granted with TTL\(60s\)\n$/.exec(granted)?.[1] ?? "";
    expect(await etcdctl("put", "held", "x", `--lease=${id}`)).toBe("OK\n");
    expect(await etcdctl("lease", "timetolive", id, "--keys")).toMatch(
      /granted with TTL\(60s\), remaining\(5\ds\), attached keys\(\[held\]\)/,
    );
    expect(await etcdctl("lease", "list")).toBe(`found 1 leases\n${id}\n`);
    expect(await etcdctl("lease", "keep-alive", "--once", id)).toBe(`lease ${id} keepalived with TTL(60)\n`);
    expect(await etcdctl("lease", "revoke", id)).toBe(`lease ${id} revoked\n`);
    expect(await etcdctl("get", "held")).toBe("");
    expect(await etcdctl("put", "held", "x", `--lease=${id}`)).toContain("etcdserver: requested lease not found");
  });

  test("members, status, compaction, errors, and a leader that is lost", async () => {
    expect(await etcdctl("member", "list")).toContain(
      "1, started, etcd-1, http://etcd-1:2380, http://etcd-1:2379, false\n",
    );
    expect(await etcdctl("endpoint", "health")).toMatch(/(.*is healthy.*\n){3}/);
    const status = JSON.parse(await etcdctl("endpoint", "status", "-w", "json")) as readonly {
      readonly Status: { readonly leader: number; readonly version: string };
    }[];
    expect(status.map((one) => one.Status.leader)).toEqual(Array(3).fill(cluster.leader?.id));
    for (const value of ["1", "2", "3"]) await etcdctl("put", "c", value);
    expect(await etcdctl("compact", "3")).toBe("compacted revision 3\n");
    expect(await etcdctl("get", "c", "--rev=2")).toContain("etcdserver: mvcc: required revision has been compacted");
    expect(await etcdctl("get", "c", "--rev=99")).toContain("etcdserver: mvcc: required revision is a future revision");
    expect(await etcdctl("alarm", "list")).toBe("");
    expect(await etcdctl("defrag")).toMatch(/(Finished defragmenting etcd member\[.*\]\n){3}/);
    const first = cluster.leader?.id ?? 0;
    cluster.raft.crash(first);
    // A server that lives, and that still forwards to the dead: the first request may be lost, as with real servers.
    const alive = `--endpoints=127.0.0.1:${served?.ports[first % 3] ?? 0}`;
    await finished(start([alive, "put", "after", "x", "--command-timeout=20s"]));
    expect(await finished(start([alive, "put", "after", "y", "--command-timeout=20s"]))).toBe("OK\n");
    expect(cluster.leader?.id).not.toBe(first);
  });
});
