import { describe, expect, test } from "vitest";
import { lab, ns, s, type Linux, type ShellResult } from "../../../sim/lab/index.js";
import { template } from "../../../sim/container/cli/template/execute.js";
import { humanSize, parseDuration, parseSize } from "../../../sim/container/cli/units.js";

function dockerHost(): Linux {
  const host = lab({ seed: 3 }).linux();
  host.docker();
  host.sh("docker pull -q alpine");
  return host;
}

const said = ({ stdout, stderr, status }: ShellResult): object => ({ out: stdout, err: stderr, status });

describe("docker in a shell", () => {
  test("stands in pipes and scripts, and is one engine with the cell's", () => {
    const host = dockerHost();
    const docker = host.docker();
    docker.run("alpine", { name: "one", command: "sleep 1000" });
    const script =
      'for name in two three; do docker run -d --name "$name" alpine sleep 1000 >/dev/null; done; docker ps -q | wc -l';
    expect(said(host.sh(script))).toEqual({ out: "3\n", err: "", status: 0 });
    expect(docker.container("two").status).toBe("running");
    expect(docker.cli("ps --format '{{.Names}}'").stdout).toBe("three\ntwo\none\n");
    expect(host.sh("docker ps -aq | xargs docker rm -f | wc -l; docker ps -aq").stdout).toBe("3\n");
    expect(docker.ps({ all: true }).rows).toEqual([]);
  });

  test("tells both streams, the exit status, and what is piped in", () => {
    const host = dockerHost();
    const run = "docker run -i --rm alpine sh -c 'read line; echo got $line; echo no >&2; exit 4'";
    expect(said(host.sh(`echo this | ${run}`))).toEqual({ out: "got this\n", err: "no\n", status: 4 });
    expect(host.sh("docker run --rm alpine nosuch").status).toBe(127);
    expect(host.sh("docker run --rm alpine /etc/passwd").status).toBe(126);
    expect(host.sh("docker run --nosuch alpine").status).toBe(125);
  });

  test("looks on for as long as it is let; a signal to it reaches the container", () => {
    const host = dockerHost();
    host.sh("docker run -d --name tick alpine sh -c 'while true; do echo tick; sleep 1; done'");
    expect(said(host.sh("timeout 2.5 docker logs -f tick"))).toEqual({ out: "tick\n".repeat(3), err: "", status: 124 });
    expect(host.sh("timeout 2.5 docker stats --format '{{.Name}}' tick").stdout).toMatch(/^(tick\n)+$/);
    const trapped = "docker run --rm --name trap alpine sh -c 'trap \"echo bye; exit 5\" TERM; sleep 100 & wait'";
    expect(host.sh(`timeout --preserve-status 2 ${trapped}`)).toMatchObject({ stdout: "bye\n", status: 5 });
  });

  test("on a terminal, run -it is a session", () => {
    const host = dockerHost();
    const console = host.console();
    const type = (text: string): string => {
      console.type(text);
      host.engine.run(ns(host.engine.now + s(2)));
      return console.read();
    };
    type("docker run -it --rm --name box alpine sh\n");
    expect(type("hostname; tty\n")).toMatch(/[0-9a-f]{12}\r\n\/dev\/pts\/\d\r\n/);
    expect(type("exit\n")).toContain("# ");
    expect(type("docker ps -aq | wc -l\n")).toMatch(/\n0\r\n/);
  });

  test("whoever may open the socket is the engine's master: root, and a container that has it", () => {
    const host = dockerHost();
    const mounts = "-v /var/run/docker.sock:/var/run/docker.sock -v /usr/bin/docker:/usr/bin/docker";
    host.sh(`docker run -d --name inside ${mounts} alpine sleep 1000; echo secret > /root/secret`);
    expect(host.sh("docker exec inside docker ps --format '{{.Names}}'").stdout).toBe("inside\n");
    const escape = "docker exec inside docker run --rm -v /:/host alpine cat /host/root/secret";
    expect(host.sh(escape).stdout).toBe("secret\n");
    const other = host.sh("su user -c 'docker ps'");
    expect(other.stderr).toMatch(/^Got permission denied while trying to connect to the Docker daemon socket/);
    expect(other.status).toBe(1);
    expect(host.sh("DOCKER_HOST=unix:///nosuch docker ps").stderr).toBe(
      "Cannot connect to the Docker daemon at unix:///nosuch. Is the docker daemon running?\n",
    );
  });

  test("cp, save, load and build take the host's own files", () => {
    const host = dockerHost();
    const made = host.sh(
      "mkdir /ctx && cd /ctx && printf 'FROM alpine\\nCOPY . /in/\\n' > Dockerfile && echo a > a && echo b > b && echo b > .dockerignore\n" +
        "docker build -q -t made . && docker run --rm made ls /in && docker save made -o m.tar && docker rmi made >/dev/null && docker load -i m.tar\n" +
        "docker create --name c made >/dev/null 2>&1 || docker create --name cc made >/dev/null; docker cp cc:/in /out && ls /out && docker cp /ctx/b cc:/in/c && docker cp cc:/in/c - | tar t",
    );
    expect(made.stdout).toMatch(/^sha256:[0-9a-f]{64}\nDockerfile\na\nLoaded image: made:latest\nDockerfile\na\nc\n$/);
    expect(made.stderr).toBe("");
  });

  test("two hosts of the same seed say the same", () => {
    const script =
      "docker run -d alpine sleep 9; docker network create n; docker ps --no-trunc; docker inspect -f '{{json .}}' n";
    expect(dockerHost().sh(script).output).toBe(dockerHost().sh(script).output);
  });
});

describe("templates", () => {
  const data = { Name: "web", Ports: [80, 443], Labels: { b: "2", a: "1" }, Up: true, None: null, Deep: { Id: "x" } };
  test.each([
    ["{{.Name}} is {{if .Up}}up{{else}}down{{end}}", "web is up"],
    ["{{range .Ports}}{{.}},{{end}}", "80,443,"],
    ["{{range $i, $p := .Ports}}{{$i}}={{$p}} {{end}}", "0=80 1=443 "],
    ["{{range $k, $v := .Labels}}{{$k}}{{$v}}{{end}}", "a1b2"],
    ["{{.Labels}} {{.Ports}} {{.None}}", "map[a:1 b:2] [80 443] <nil>"],
    ["{{with .Deep}}{{.ID}}{{.Id}}{{end}}{{with .None}}no{{else}}yes{{end}}", "xxyes"],
    ['{{printf "%-5s|%03d" .Name 7}} {{.Name | upper | printf "<%s>"}}', "web  |007 <WEB>"],
    ['{{join (split "a,b" ",") "+"}} {{len .Ports}} {{index .Labels "a"}} {{index .Ports 1}}', "a+b 2 1 443"],
    ['{{if and .Up (eq .Name "db" "web")}}1{{else if .Up}}2{{else}}3{{end}}', "1"],
    ['{{if not .Up}}1{{else if eq .Name "web"}}2{{else}}3{{end}}', "2"],
    ["a {{- /* none */ -}} b{{- .Name -}} c", "abwebc"],
    ['{{json .Labels}} {{json "<"}}', '{"b":"2","a":"1"} "<"'],
    ["{{$x := .Name}}{{$x}}{{$.Up}}", "webtrue"],
  ])("%s", (source, expected) => {
    expect(template(source)(data)).toBe(expected);
  });

  test.each([
    ["{{.Name", "template: :1: unclosed action"],
    ["{{nosuch .}}", 'template: :1: function "nosuch" not defined'],
    ["{{if .Up}}", "template: :1: unexpected EOF"],
    ["{{end}}", "template: :1: unexpected {{end}}"],
    ["{{.Deep.Foo}}", 'template: :1:7: executing "" at <.Deep.Foo>: map has no entry for key "Foo"'],
    ["{{$y}}", 'template: :1: undefined variable "$y"'],
  ])("%s is refused", (source, message) => {
    expect(() => template(source)(data)).toThrow(message);
  });

  test("sizes and durations are go-units' and Go's", () => {
    expect([0, 999, 1000, 7_797_760, 191_800_000].map((size) => humanSize(size))).toEqual([
      "0B",
      "999B",
      "1kB",
      "7.8MB",
      "192MB",
    ]);
    expect(["64m", "1.5g", "512", "1kb", "x"].map(parseSize)).toEqual([2 ** 26, 1.5 * 2 ** 30, 512, 1024, undefined]);
    expect(["1m30s", "1.5h", "100ms", "5"].map(parseDuration)).toEqual([90e9, 5400e9, 1e8, undefined]);
  });
});
