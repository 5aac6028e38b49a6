import { describe, expect, test } from "vitest";
import { UsageError } from "../../../sim/core/index.js";
import { lab, MiB, ms, type Docker, type DockerMessage } from "../../../sim/lab/index.js";

/** What the stock client asks for at `docker run`: docs.docker.com/reference/api/engine. */
function run(
  docker: Docker,
  image: string,
  ...command: readonly string[]
): { readonly text: string; readonly code: unknown } {
  const create = (): ReturnType<Docker["request"]> =>
    docker.request("POST", "/v1.50/containers/create", {
      ...{ Image: image, Cmd: command },
      HostConfig: { Memory: MiB(64) },
    });
  let made = create();
  if (made.status === 404) {
    docker.request("POST", `/v1.50/images/create?fromImage=${image}&tag=latest`).text();
    made = create();
  }
  const path = `/v1.50/containers/${String(made.json()["Id"])}`;
  const output = docker.request("POST", `${path}/attach?stream=1&stdout=1&stderr=1`);
  const end = docker.request("POST", `${path}/wait?condition=next-exit`);
  docker.request("POST", `${path}/start`);
  return { text: output.text(), code: end.json()["StatusCode"] };
}

const labels = (messages: readonly DockerMessage[], from: string, to: string): string[] =>
  messages.filter((one) => one.from === from && one.to === to && !one.reply).map(({ label }) => label);

describe("docker.request()", () => {
  test("sends what a client sends: output without its frames, refusals as answers", () => {
    const docker = lab({ seed: 1 }).linux().docker();
    expect(run(docker, "alpine", "sh", "-c", "echo out; echo wrong >&2; exit 3")).toEqual({
      text: "out\nwrong\n",
      code: 3,
    });
    const none = docker.request("GET", "/containers/none/json");
    expect([none.status, none.json()]).toEqual([404, { message: "No such container: none" }]);
    expect(() => docker.request("GET", "/_ping").json()).toThrow();
    expect(docker.request("GET", "/_ping").text()).toBe("OK");
  });

  test("what holds no object is told", () => {
    const docker = lab({ seed: 1 }).linux().docker();
    const { Id } = docker.request("GET", "/containers/json").json();
    expect(Id).toBeUndefined();
    docker.pull("alpine");
    const created = docker.request("POST", "/containers/create", { Image: "alpine" }).json();
    expect(() => docker.request("POST", `/containers/${String(created["Id"])}/start`).json()).toThrow(UsageError);
  });
});

describe("docker.record()", () => {
  const docker = lab({ seed: 1 }).linux().docker();
  const heard = docker.record();
  run(docker, "alpine", "echo", "hello");
  const { messages } = heard.stop();

  test("hears a client's requests, the daemon's to the registry, and their order", () => {
    expect(labels(messages, "client", "dockerd").map((label) => label.replace(/\b[0-9a-f]{12}\b/, "ID"))).toEqual([
      "POST /containers/create",
      "POST /images/create?fromImage=alpine&tag=latest",
      "POST /containers/create",
      "POST /containers/ID/attach",
      "POST /containers/ID/wait?condition=next-exit",
      "POST /containers/ID/start",
    ]);
    const asked = labels(messages, "dockerd", "registry");
    expect(asked[0]).toBe("GET /v2/library/alpine/manifests/latest: 401");
    // A manifest of the index, one of the platform; the configuration and the layer.
    expect(asked.filter((label) => label.endsWith(": 200")).map((label) => label.split("/")[4])).toEqual([
      undefined,
      "manifests",
      "manifests",
      "blobs",
      "blobs",
    ]);
    const times = messages.map(({ time }) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test("and the calls that make a container, of whoever makes them", () => {
    const shim = labels(messages, "containerd-shim", "kernel");
    expect(shim).toContain("write 67108864 to memory.max");
    expect(shim).toContain("clone, new mount, pid, net, uts, ipc");
    const own = labels(messages, "container", "kernel");
    const places = ["pivot_root", "umount2 the old root", "capset 14 left", "execve echo hello"].map((one) =>
      own.indexOf(one),
    );
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(own.filter((label) => label.startsWith("prctl: drop")).length).toBe(41 - 14);
    expect(labels(messages, "container", "containerd-shim")).toEqual(["exit(0)"]);
  });

  test("a picture tells calls of one kind together; what comes later isn't in it", () => {
    const before = heard.sequence();
    expect(before.participants).toEqual(["client", "dockerd", "registry", "containerd-shim", "container", "kernel"]);
    expect(before.messages.map(({ label }) => label)).toContain("prctl: drop ×27");
    docker.run("alpine", { command: "true" }).wait();
    expect(heard.stop().sequence()).toEqual(before);
  });

  test("two at once hear the same, and nobody else's", () => {
    const world = lab({ seed: 2 });
    const [one, other] = [world.linux({ hostname: "one" }).docker(), world.linux({ hostname: "other" }).docker()];
    const [a, b, c] = [one.record(), one.record(), other.record()];
    one.run("alpine", { command: "true" }).wait();
    world.run(ms(10));
    expect(labels(c.messages, "dockerd", "containerd-shim")).toEqual([]);
    expect(labels(a.messages, "dockerd", "containerd-shim")).toEqual(["start"]);
    expect(b.stop().messages).toEqual(a.messages);
  });
});
