import { describe, expect, test } from "vitest";
import { lab, type Linux } from "../../../sim/lab/index.js";
import { interpolate, parseEnvFile, shellWords } from "../../../sim/container/cli/compose/interpolate.js";

/** A host with a project in /app. */
function host(compose: string, files: Readonly<Record<string, string>> = {}): Linux {
  const linux = lab({ seed: 5 }).linux();
  linux.docker();
  for (const [path, text] of Object.entries({ "compose.yaml": compose, ...files }))
    linux.sh(`mkdir -p "$(dirname /app/${path})"; cat > /app/${path}`, { stdin: text });
  return linux;
}

const run = (linux: Linux, script: string): ReturnType<Linux["sh"]> => linux.sh(script, { cwd: "/app" });

const shop = `
services:
  web:
    build: { context: ./site, args: { WHO: "\${WHO:-nobody}" } }
    ports: ["\${PORT:-8080}:80"]
    networks: [front, back]
    depends_on:
      db: { condition: service_healthy }
      migrate: { condition: service_completed_successfully }
  migrate:
    image: alpine
    command: sh -c 'echo migrated by $$0; ping -c 1 db >/dev/null'
    networks: [back]
    depends_on: [db]
  db:
    image: redis
    env_file: db.env
    environment: { MODE: test }
    healthcheck: { test: ["CMD", "redis-cli", "ping"], interval: 1s, retries: 5 }
    volumes: ["data:/data"]
    networks: { back: { aliases: [store] } }
networks: { front: , back: { internal: true } }
volumes: { data: }
`;
const files = {
  "site/Dockerfile": "FROM nginx\nARG WHO\nRUN echo built for $WHO > /usr/share/nginx/html/index.html\n",
  "db.env": "SIZE=small\nMODE=file\n",
  ".env": "WHO=me\n",
};

describe("docker compose", () => {
  const plain = host("");

  test("brings a project up in the order of its dependencies, and takes it down", () => {
    const linux = host(shop, files);
    const up = run(linux, "docker compose up -d");
    expect(up.status).toBe(0);
    const told = up.stderr.split("\n").map((line) => line.trim());
    const at = (line: string): number => {
      expect(told).toContain(line);
      return told.indexOf(line);
    };
    expect(at("Network app_back  Created")).toBeLessThan(at("Container app-db-1  Creating"));
    expect(at("Container app-db-1  Started")).toBeLessThan(at("Container app-db-1  Healthy"));
    expect(at("Container app-migrate-1  Exited")).toBeLessThan(at("Container app-web-1  Starting"));
    expect(run(linux, "sleep 1; curl -s localhost:8080").stdout).toBe("built for me\n");
    expect(run(linux, "docker compose logs migrate").stdout).toBe("migrate-1  | migrated by sh\n");
    expect(run(linux, "docker compose exec db sh -c 'echo $SIZE $MODE'").stdout).toBe("small test\n");
    expect(run(linux, "docker compose ps --format '{{.Service}} {{.State}}'").stdout).toBe("db running\nweb running\n");
    expect(run(linux, "docker compose ps -a -q | wc -l").stdout).toBe("3\n");
    const network = "docker inspect -f '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{end}}' app-web-1";
    expect(run(linux, network).stdout).toBe("app_back app_front \n");
    // What is as it should be stays.
    const again = run(linux, "docker compose up -d");
    expect(again.stderr).toContain(" Container app-db-1  Running\n");
    expect(again.stderr).not.toContain("Creat");
    expect(run(linux, "docker compose down").stderr).toMatch(
      /app-web-1 {2}Removed\n[^]*app-db-1 {2}Removed\n[^]*app_back {2}Removed/,
    );
    expect(run(linux, "docker ps -aq; docker volume ls -q; docker network ls -q | wc -l").stdout).toBe("app_data\n3\n");
    expect(run(linux, "docker compose down -v; docker volume ls -q").stdout).toBe("");
  });

  test("scales a service, whose containers one name finds; what changes is made anew", () => {
    const file =
      "services:\n  web: { image: nginx, hostname: box }\n  client: { image: alpine, command: sleep 1000 }\n";
    const linux = host(file);
    run(linux, "docker compose up -d --scale web=3");
    const names = "docker compose ps --format '{{.Names}}' web";
    expect(run(linux, names).stdout).toBe("app-web-1\napp-web-2\napp-web-3\n");
    const found = run(linux, "docker compose exec -T client nslookup web | grep -c 'Address.*172.18'");
    expect(found.stdout).toBe("3\n");
    run(linux, "docker compose scale web=1");
    expect(run(linux, names).stdout).toBe("app-web-1\n");
    const changed = run(linux, "sed -i 's/box/bin/' compose.yaml; docker compose up -d");
    expect(changed.stderr).toContain(" Container app-web-1  Recreated\n");
    expect(changed.stderr).toContain(" Container app-client-1  Running\n");
    expect(run(linux, "docker compose exec web hostname").stdout).toBe("bin\n");
    expect(
      run(linux, "docker compose stop; docker compose ps -q; docker compose start web; docker compose ps -q | wc -l")
        .stdout,
    ).toBe("1\n");
    const fewer = run(linux, "printf 'services: { web: { image: nginx } }' > compose.yaml; docker compose up -d");
    expect(fewer.stderr).toContain("Found orphan containers ([app-client-1])");
    expect(run(linux, "docker compose up -d --remove-orphans; docker ps -a --format '{{.Names}}'").stdout).toBe(
      "app-web-1\n",
    );
  });

  test("in the foreground it shows what all write, and an interrupt stops them", () => {
    const linux = host(
      "services:\n  a: { image: alpine, command: sh -c 'echo one; sleep 1; exit 3' }\n  long: { image: alpine, command: sh -c 'sleep 2; echo two' }\n",
    );
    const up = run(linux, "docker compose up");
    expect(up.stdout).toBe("a-1     | one\na-1 exited with code 3\nlong-1  | two\nlong-1 exited with code 0\n");
    const cut = run(linux, "timeout -s INT --preserve-status 1.5 docker compose up");
    expect(cut.stderr).toMatch(/Gracefully stopping[^]*app-long-1 {2}Stopped\n$/);
    expect(cut.status).toBe(130);
  });

  test("what a service waits for may fail", () => {
    const linux = host(`
services:
  sick: { image: alpine, command: sleep 1000, healthcheck: { test: "exit 1", interval: 1s, retries: 2 } }
  bad: { image: alpine, command: "false" }
  one: { image: alpine, depends_on: { sick: { condition: service_healthy } } }
  two: { image: alpine, depends_on: { bad: { condition: service_completed_successfully } } }
`);
    expect(run(linux, "docker compose up -d one")).toMatchObject({ status: 1 });
    expect(run(linux, "docker compose up -d one").stderr).toMatch(
      /dependency failed to start: container app-sick-1 is unhealthy\n$/,
    );
    expect(run(linux, "docker compose up -d two").stderr).toMatch(
      /service "bad" didn't complete successfully: exit 1\n$/,
    );
  });

  test("files are joined, profiles and variables chosen, and config shows what came of it", () => {
    const linux = host(
      'name: shop\nservices:\n  web: { image: "nginx:${TAG-latest}", environment: [A=1] }\n  tool: { image: alpine, profiles: [debug] }\n',
      {
        "more.yaml": "services:\n  web: { environment: { B: 2 }, deploy: { replicas: 2 } }\n",
      },
    );
    expect(run(linux, "docker compose config --services").stdout).toBe("web\n");
    expect(run(linux, "docker compose --profile debug config --services").stdout).toBe("web\ntool\n");
    expect(run(linux, "docker compose -f compose.yaml -p other config | head -n 1").stdout).toBe("name: other\n");
    expect(run(linux, "TAG=1.27 docker compose config --images").stdout).toBe("nginx:1.27\n");
    expect(run(linux, "cd /tmp; docker compose ls 2>&1 | head -n 2").stdout).toContain(
      "Usage:  docker compose COMMAND",
    );
    expect(run(linux, "cd /tmp; docker compose ps")).toMatchObject({
      stderr: "no configuration file provided: not found\n",
      status: 14,
    });
  });

  test.each([
    [
      "services:\n  web: { imag: nginx }\n",
      "validating /app/compose.yaml: services.web additional properties 'imag' not allowed",
    ],
    [
      "services:\n  web: { command: ls }\n",
      'service "web" has neither an image nor a build context specified: invalid compose project',
    ],
    [
      "services:\n  web: { image: a, depends_on: [db] }\n",
      'service "web" depends on undefined service "db": invalid compose project',
    ],
    [
      "services:\n  a: { image: x, depends_on: [b] }\n  b: { image: x, depends_on: [a] }\n",
      "dependency cycle detected: a -> b -> a",
    ],
    [
      "services:\n  web: { image: a, networks: [back] }\n",
      'service "web" refers to undefined network back: invalid compose project',
    ],
    [
      "services:\n  web: { image: a, volumes: ['data:/d'] }\n",
      'service "web" refers to undefined volume data: invalid compose project',
    ],
    ["services:\n  web: { image: a, ports: ['80:x'] }\n", "services.web.ports[0]: Invalid containerPort: x"],
    ["services:\n  web: { image: a, ports: 80 }\n", "validating /app/compose.yaml: services.web.ports is no list"],
    [
      "services:\n  web: { image: a, healthcheck: { test: b, interval: soon } }\n",
      "services.web.healthcheck.interval must be a duration, such as 1m30s",
    ],
    [
      "services:\n  web: { image: a, depends_on: { b: { condition: ready } } }\n  b: { image: a }\n",
      'services.web.depends_on.b.condition must be one of the following: "service_started", "service_healthy", "service_completed_successfully"',
    ],
    [
      "services:\n  web: { image: '${X:?say which}' }\n",
      "error while interpolating services.web.image: required variable X is missing a value: say which",
    ],
    [
      "services:\n  web: { image: '${1}' }\n",
      'invalid interpolation format for services.web.image: "${1}". You may need to escape any $ with another $',
    ],
    [
      "services:\n  web: { image: a, env_file: no.env }\n",
      "env file /app/no.env not found: stat /app/no.env: no such file or directory",
    ],
    ["services: [web]\n", "validating /app/compose.yaml: services is no object"],
    ["services:\n  web: { image: a\n", "yaml: line 3: deficient indentation (in /app/compose.yaml)"],
  ])("%j is refused", (file, message) => {
    plain.sh("cat > /app/compose.yaml", { stdin: file });
    expect(run(plain, "docker compose config")).toMatchObject({ stdout: "", stderr: `${message}\n`, status: 15 });
  });
});

describe("variables of a Compose file", () => {
  const set: Readonly<Record<string, string>> = { A: "1", EMPTY: "" };
  test.each([
    ["$A ${A} $$A ${B}", "1 1 $A "],
    ["${EMPTY:-x}${EMPTY-x}${B-y}${B:-${A}z}", "xy1z"],
    ["${A:+set}${EMPTY:+set}${EMPTY+set}${B+set}", "setset"],
    ["${A?no}${EMPTY?no}", "1"],
  ])("%s", (text, expected) => {
    expect(interpolate(text, (name) => set[name], "x")).toBe(expected);
  });

  test("files of variables, and commands in words", () => {
    const text = "# first\nexport A=1\nB = 'a $A' # why\nC=\"x\\n${A}\"\nD=plain # why\nE\n";
    expect([...parseEnvFile(text, (name) => ({ E: "own" })[name], ".env")]).toEqual([
      ["A", "1"],
      ["B", "a $A"],
      ["C", "x\n1"],
      ["D", "plain"],
      ["E", "own"],
    ]);
    expect(shellWords(`sh -c 'echo "a  b"' x\\ y "q\\"r" ''`, "command")).toEqual([
      "sh",
      "-c",
      'echo "a  b"',
      "x y",
      'q"r',
      "",
    ]);
    expect(() => shellWords("sh -c 'a", "services.web.command")).toThrow(
      "services.web.command: EOF found when expecting closing quote",
    );
  });
});
