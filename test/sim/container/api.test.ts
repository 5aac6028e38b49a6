import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBase64, encodeUtf8 } from "../../../sim/core/index.js";
import { routes } from "../../../sim/container/api/routes.js";
import { DockerApi, type ApiAnswer } from "../../../sim/container/index.js";
import { text } from "../os/system.js";
import { docker, type Docker } from "./engine/hosts.js";

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Client {
  readonly engine: Docker["engine"];
  /** A request and its whole answer; a body that is no text is sent as JSON. */
  readonly ask: (method: string, target: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Told;
  /** The answer as it comes. */
  readonly answer: (
    method: string,
    target: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => ApiAnswer;
  readonly pass: (nanos: number) => void;
}

function client(): Client {
  const host = docker({ networks: true });
  const { engine } = host;
  const api = new DockerApi(engine);
  const world = engine.kernel.engine;
  const answer: Client["answer"] = (method, target, body, headers = {}) => {
    const bytes =
      body === undefined ? new Uint8Array(0) : encodeUtf8(typeof body === "string" ? body : JSON.stringify(body));
    const json = body === undefined ? {} : { "content-type": "application/json" };
    const process = api.handle({ method, target, headers: { ...json, ...headers }, body: bytes });
    world.run(process);
    return process.value;
  };
  return {
    engine,
    answer,
    pass: (nanos) => {
      host.pass(nanos);
    },
    ask(method, target, body, headers) {
      const got = answer(method, target, body, headers);
      if (got.open === undefined) return { status: got.status, headers: got.headers, body: text(got.body) };
      const told = { text: "", ended: false };
      got.open({
        write: (part) => (told.text += text(part)),
        end: () => (told.ended = true),
      });
      for (let i = 0; i < 10 && !told.ended; i++) host.pass(1e9);
      return { status: got.status, headers: got.headers, body: told.text };
    },
  };
}

const json = ({ body }: Told): unknown => JSON.parse(body);

describe("Docker's API", () => {
  test("versions: in the path or not; too old, too new, none", () => {
    const { ask } = client();
    expect(ask("GET", "/_ping")).toMatchObject({
      status: 200,
      body: "OK",
      headers: { "api-version": "1.50", ostype: "linux", "builder-version": "1" },
    });
    expect(ask("HEAD", "/_ping").body).toBe("");
    for (const version of ["1.24", "1.41", "1.50"]) expect(ask("GET", `/v${version}/version`).status).toBe(200);
    expect(json(ask("GET", "/v1.23/version"))).toEqual({
      message:
        "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
    });
    expect(json(ask("GET", "/v1.51/version"))).toEqual({
      message: "client version 1.51 is too new. Maximum supported API version is 1.50",
    });
    for (const target of ["/nosuch", "/v1.41", "/v1.24/system/df", "/containers", "/v9"])
      expect(ask("GET", target), target).toMatchObject({ status: 404, body: '{"message":"page not found"}\n' });
  });

  test("what a field says changes with the version", () => {
    const { ask } = client();
    const [old] = json(ask("GET", "/v1.43/images/json")) as [Readonly<Record<string, unknown>>];
    const [now] = json(ask("GET", "/v1.44/images/json")) as [Readonly<Record<string, unknown>>];
    expect([old["VirtualSize"], "VirtualSize" in now]).toEqual([now["Size"], false]);
  });

  test("the header of a wait comes before the container starts", () => {
    const { ask, answer, engine, pass } = client();
    const { Id } = json(
      ask("POST", "/containers/create", { Image: "alpine", Cmd: ["sh", "-c", "sleep 2; exit 6"] }),
    ) as {
      readonly Id: string;
    };
    const waiting = answer("POST", `/containers/${Id}/wait?condition=next-exit`);
    let told = "";
    const source = waiting.open?.({ write: (part) => (told += text(part)), end: () => undefined });
    pass(1e9);
    expect([waiting.status, told, source?.pull()]).toEqual([200, "", "watch"]);
    expect(ask("POST", `/containers/${Id}/start`).status).toBe(204);
    expect(source?.pull()).toBe("end");
    expect(ask("POST", `/containers/${Id}/start`).status).toBe(304);
    pass(3e9);
    expect(JSON.parse(told)).toEqual({ StatusCode: 6 });
    expect(engine.container(Id).state.exitCode).toBe(6);
  });

  test("attached before the start: input and its end, output in frames, 101 where asked for", () => {
    const { ask, answer, pass } = client();
    const { Id } = json(
      ask("POST", "/containers/create", { Image: "alpine", Cmd: ["cat"], OpenStdin: true, StdinOnce: true }),
    ) as { readonly Id: string };
    const target = `/containers/${Id}/attach?stream=1&stdin=1&stdout=1&stderr=1`;
    const got = answer("POST", target, undefined, { upgrade: "tcp", connection: "Upgrade" });
    expect([got.status, got.headers["upgrade"], got.headers["content-type"]]).toEqual([
      101,
      "tcp",
      "application/vnd.docker.multiplexed-stream",
    ]);
    const parts: number[] = [];
    let ended = false;
    const source = got.open?.({ write: (part) => parts.push(...part), end: () => (ended = true) });
    source?.receive(encodeUtf8("ab\n"));
    expect(source?.pull()).toBe("talk");
    source?.finish();
    ask("POST", `/containers/${Id}/start`);
    pass(1e9);
    expect([parts, ended]).toEqual([[1, 0, 0, 0, 0, 0, 0, 3, 97, 98, 10], true]);
    expect(answer("POST", target).status).toBe(200);
  });

  test("a path's stat has Go's modes", () => {
    const { ask } = client();
    const { Id } = json(ask("POST", "/containers/create", { Image: "alpine" })) as { readonly Id: string };
    const stat = (path: string): unknown =>
      JSON.parse(
        text(
          decodeBase64(
            ask("HEAD", `/containers/${Id}/archive?path=${path}`).headers["x-docker-container-path-stat"] ?? "",
          ),
        ),
      );
    expect(stat("/etc")).toMatchObject({ name: "etc", mode: 2 ** 31 + 0o755 });
    expect(stat("/tmp")).toMatchObject({ mode: 2 ** 31 + 2 ** 20 + 0o777 });
    expect(ask("GET", `/containers/${Id}/archive?path=/nosuch`)).toMatchObject({ status: 404 });
  });

  test("mistakes have dockerd's statuses and words", () => {
    const { ask } = client();
    const cases: readonly (readonly [string, string, unknown, number, string])[] = [
      ["POST", "/containers/create", "{", 400, "invalid JSON: invalid character looking for beginning of value"],
      ["POST", "/containers/create", { Image: 5 }, 400, "invalid JSON: body.Image is no string"],
      ["POST", "/containers/create", {}, 400, "no image specified"],
      ["POST", "/containers/create", { Image: "none" }, 404, "No such image: none:latest"],
      [
        "POST",
        "/containers/create?name=-",
        { Image: "alpine" },
        400,
        "Invalid container name (-), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
      ],
      ["GET", "/containers/x/json", undefined, 404, "No such container: x"],
      ["GET", "/containers/x/logs", undefined, 404, "No such container: x"],
      ["GET", "/containers/json?limit=x", undefined, 400, 'strconv.Atoi: parsing "x": invalid syntax'],
      ["GET", "/containers/json?filters=x", undefined, 400, "invalid filter"],
      ["GET", '/containers/json?filters={"x":["1"]}', undefined, 400, "invalid filter 'x'"],
      ["GET", '/networks?filters={"x":["1"]}', undefined, 400, "invalid filter 'x'"],
      ["POST", "/exec/x/start", {}, 404, "No such exec instance: x"],
      ["GET", "/networks/x", undefined, 404, "network x not found"],
      ["GET", "/volumes/x", undefined, 404, "get x: no such volume"],
      ["POST", "/networks/create", { Name: "host" }, 403, "operation is not permitted on predefined host network"],
      ["DELETE", "/images/x", undefined, 404, "No such image: x:latest"],
      ["POST", "/images/create?fromImage=UPPER", undefined, 400, 'invalid reference format: "UPPER"'],
      ["POST", "/build", "x", 400, "a tar archive is damaged: its end is missing"],
      ["POST", "/build", "\0".repeat(1024), 500, "Cannot locate specified Dockerfile: Dockerfile"],
      ["POST", "/session", undefined, 501, "this engine has the classic builder and no BuildKit"],
      [
        "GET",
        "/swarm",
        undefined,
        503,
        'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
      ],
      ["GET", "/plugins/x/json", undefined, 404, 'plugin "x" not found'],
    ];
    for (const [method, target, body, status, message] of cases) {
      const told = ask(method, target, body);
      expect([target, told.status, json(told)]).toEqual([target, status, { message }]);
    }
    const plain = ask("POST", "/containers/create", "{}", { "content-type": "text/plain" });
    expect([plain.status, json(plain)]).toEqual([
      400,
      { message: "unsupported Content-Type header (text/plain): must be 'application/json'" },
    ]);
  });

  test("whatever comes is answered: random paths, queries, bodies", () => {
    const { ask } = client();
    const seen = new Set<number>();
    ask("POST", "/containers/create?name=there", { Image: "alpine", Cmd: ["sleep", "100"] });
    ask("POST", "/containers/there/start");
    const long = process.env["VIRTLAB_LONG"] === "1";
    // Every route, its places filled with what is there and what isn't; and paths that are none.
    const place = fc.constantFrom("there", "alpine", "nosuch", "%2F", "%zz", "bridge", "..");
    const target = fc.oneof(
      {
        weight: 9,
        arbitrary: fc
          .tuple(fc.constantFrom(...routes), place)
          .map(([[method, path], name]) => [method, path.replace(/\{\w+\}/, name)] as const),
      },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"), fc.webPath()),
      },
    );
    const keys =
      "all limit filters name path stdout stderr stream tail since until t signal condition repo tag container h w fromImage force one-shot".split(
        " ",
      );
    const values = fc.constantFrom(
      "",
      "1",
      "0",
      "x",
      "-1",
      "99999999999999999999",
      '{"a":',
      '{"name":["there"]}',
      "/etc",
      "KILL",
      "alpine",
      "%",
    );
    const scalar = fc.constantFrom<unknown>(
      null,
      0,
      -1,
      1.5,
      2 ** 60,
      "",
      "x",
      true,
      [],
      {},
      ["x"],
      [1],
      { a: null },
      { a: { b: [] } },
    );
    const fields =
      "Image Cmd Env Labels HostConfig Healthcheck NetworkingConfig Name Container Detach Memory IPAM Driver Mounts PortBindings Tty AttachStdin RestartPolicy username".split(
        " ",
      );
    const inner = fc.dictionary(fc.constantFrom(...fields), scalar, { maxKeys: 4 });
    const body = fc.oneof(
      fc.constant(undefined),
      fc.string(),
      scalar,
      fc.dictionary(fc.constantFrom(...fields), fc.oneof(scalar, inner), { maxKeys: 5 }),
    );
    fc.assert(
      fc.property(
        target,
        fc.array(fc.tuple(fc.constantFrom(...keys), values), { maxLength: 3 }),
        body,
        ([method, path], query, sent) => {
          const target = `${path}?${query.map(([key, value]) => `${key}=${value}`).join("&")}`;
          const { status, headers, body: told } = ask(method, target, sent);
          seen.add(status);
          expect([200, 201, 204, 304, 400, 401, 403, 404, 409, 500, 501, 503]).toContain(status);
          if (status >= 400) expect(told).toMatch(/^\{"message":"[^"].*"\}\n$/);
          // 500 is a refusal of the engine's, never a mistake of ours.
          if (status === 500) expect(told).not.toMatch(/undefined|is not a function|Cannot read|invariant/);
          expect(headers["api-version"]).toBe("1.50");
        },
      ),
      { seed: 7, numRuns: long ? 20_000 : 500 },
    );
    // It isn't all refused.
    expect([...seen]).toEqual(expect.arrayContaining([200, 201, 204, 400, 404]));
  });
});
