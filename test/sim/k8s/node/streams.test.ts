import { describe, expect, test } from "vitest";
import { encodeUtf8, s, UsageError } from "../../../../sim/core/index.js";
import type { Cluster, StreamSession } from "../../../../sim/k8s/index.js";
import { textOf } from "../../../../sim/net/index.js";
import { realCluster, scriptPod, serverPod } from "./real-cluster.js";

function opened(cluster: Cluster, pod: string, what: string, query: string): StreamSession {
  let session: StreamSession | undefined;
  const answer = cluster.api.handle({
    ...{ method: "POST", path: `/api/v1/namespaces/default/pods/${pod}/${what}`, query },
    user: { name: "admin", groups: ["system:masters"] },
    connect: (made) => {
      session = made;
    },
  });
  expect(answer.status).toBe(101);
  if (session === undefined) throw new Error("no session");
  return session;
}

describe("exec", () => {
  test("runs a command with its input, and tells its exit code", () => {
    const cluster = realCluster({ nodes: 1 });
    cluster.apply(scriptPod("one", "sleep 10000"));
    cluster.run(s(5));
    expect(cluster.exec("one", "hostname; cat; echo oops >&2; exit 4", { stdin: "given\n" })).toEqual({
      ...{ stdout: "one\ngiven\n", stderr: "oops\n", exitCode: 4 },
    });
    expect(cluster.exec("pod/one", ["echo", "a b", "&c"]).stdout).toBe("a b &c\n");
    expect(() => cluster.exec("one", ["/no/such"])).toThrow(/no such file or directory/);
    expect(() => cluster.exec("one", "true", { container: "other" })).toThrow(
      /container other is not valid for pod one/,
    );
    expect(() => cluster.exec("two", "true")).toThrow(UsageError);
  });

  test("gives a terminal where it is asked for", () => {
    const cluster = realCluster({ nodes: 1 });
    cluster.apply(scriptPod("one", "sleep 10000"));
    cluster.run(s(5));
    const session = opened(cluster, "one", "exec", "command=sh&stdin=true&stdout=true&tty=true");
    if (session.kind !== "process") throw new Error("no process");
    let text = "";
    let ended: unknown;
    const input = session.start({
      output: (_, bytes) => (text += textOf(bytes)),
      end: (status) => (ended = status["status"]),
    });
    input.resize(100, 30);
    cluster.run(s(1));
    for (const line of ["tty\n", "stty size\n", "exit\n"]) {
      input.input(encodeUtf8(line));
      cluster.run(s(1));
    }
    expect(text).toContain("/dev/pts/0\r\n");
    expect(text).toContain("30 100\r\n");
    expect(ended).toBe("Success");
  });
});

test("attach hears what a container says, and speaks to it", () => {
  const cluster = realCluster({ nodes: 1 });
  cluster.apply(scriptPod("echo", "while read line; do echo got $line; done", "      stdin: true"));
  cluster.run(s(5));
  const session = opened(cluster, "echo", "attach", "stdin=true&stdout=true");
  if (session.kind !== "process") throw new Error("no process");
  let text = "";
  const input = session.start({ output: (_, bytes) => (text += textOf(bytes)), end: () => undefined });
  input.input(encodeUtf8("one\ntwo\n"));
  cluster.run(s(1));
  input.close();
  expect(text).toBe("got one\ngot two\n");
  expect(cluster.logs("echo")).toBe(text);
});

test("port-forward leads into a pod's own network", () => {
  const cluster = realCluster({ nodes: 1 });
  cluster.apply(serverPod("web"));
  cluster.run(s(5));
  const session = opened(cluster, "web", "portforward", "");
  if (session.kind !== "forward") throw new Error("no forwarding");
  const heard: string[] = [];
  const listen = (port: number) =>
    session.connect(port, {
      data: (bytes) => heard.push(textOf(bytes)),
      error: (text) => heard.push(text),
      end: () => heard.push("end"),
    });
  listen(80).write(encodeUtf8("GET / HTTP/1.1\r\n\r\n"));
  cluster.run(s(1));
  expect(heard.join("").split("\r\n\r\n")[1]).toBe("web 127.0.0.1\nend");
  heard.length = 0;
  listen(81);
  cluster.run(s(1));
  expect(heard).toEqual(["failed to connect to localhost:81 inside namespace: ECONNREFUSED", "end"]);
});

test("a log is followed until its container ends", () => {
  const cluster = realCluster({ nodes: 1 });
  cluster.apply(scriptPod("counts", "for i in 1 2 3 4; do echo $i; sleep 2; done", "", "  restartPolicy: Never"));
  cluster.run(s(3));
  const answer = cluster.api.handle({
    ...{ method: "GET", path: "/api/v1/namespaces/default/pods/counts/log", query: "follow=true&tailLines=1" },
    user: { name: "admin", groups: ["system:masters"] },
  });
  if (answer.stream === undefined) throw new Error("no stream");
  let text = "";
  answer.stream({ event: (event) => (text += event.text()), end: () => (text += "end") });
  expect(text).toMatch(/^\d\n$/);
  cluster.run(s(2));
  expect(text).toMatch(/^\d\n\d\n$/);
  cluster.run(s(10));
  expect(text).toMatch(/3\n4\nend$/);
});
