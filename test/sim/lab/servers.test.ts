import { describe, expect, test } from "vitest";
import { lab, ms, s, type Docker, type Lab } from "../../../sim/lab/index.js";

function host(): { readonly world: Lab; readonly machine: ReturnType<Lab["linux"]>; readonly docker: Docker } {
  const world = lab({ seed: 1 });
  const machine = world.linux();
  return { world, machine, docker: machine.docker() };
}

describe("images of the hub serve", () => {
  test("docker run -d -p 8080:80 nginx: curl, logs, reload, a graceful end", () => {
    const { world, machine, docker } = host();
    const web = docker.run("nginx", { name: "web", publish: { 8080: 80 } });
    world.run(ms(100));
    expect(web.logs().text).toContain("start worker process");
    expect(machine.sh("curl -s localhost:8080").stdout).toContain("<h1>Welcome to nginx!</h1>");
    expect(machine.sh(`curl -s http://${web.address() ?? ""}/nope -w '%{http_code}' -o /dev/null`).stdout).toBe("404");
    expect(web.logs().text).toMatch(/172\.17\.0\.1 - - \[.*\] "GET \/ HTTP\/1\.1" 200 \d+ "-" "curl\/7\.88\.1" "-"\n/);
    expect(web.exec("ps -eo user=,comm=").stdout).toMatch(/root +nginx\n(?:nginx +nginx\n)+/);
    web.exec("echo 'server { listen 80; location / { return 200 \"second\\n\"; } }' > /etc/nginx/conf.d/default.conf");
    expect(web.exec("nginx -s reload").status).toBe(0);
    world.run(ms(100));
    expect(machine.sh("curl -s localhost:8080").stdout).toBe("second\n");
    expect(web.stop().inspect().State.ExitCode).toBe(0);
  });

  test("nginx-alpine serves a bind mount, and another container finds it by name", () => {
    const { docker, machine, world } = host();
    machine.sh("mkdir -p /srv/site; echo mine > /srv/site/index.html");
    docker.createNetwork("shop");
    docker.run("nginx:alpine", {
      ...{ name: "web", network: "shop", volumes: { "/srv/site": "/usr/share/nginx/html:ro" } },
    });
    const client = docker.run("nginx", { name: "client", network: "shop", command: ["sleep", "1000"] });
    world.run(ms(100));
    expect(client.exec("curl -s web").stdout).toBe("mine\n");
  });

  test("redis as the user redis; its volume keeps the data for the next container", () => {
    const { docker, world } = host();
    const first = docker.run("redis", { name: "one", volumes: { data: "/data" } });
    world.run(ms(100));
    expect(first.exec("redis-cli set greeting hello; redis-cli incr n").stdout).toBe("OK\n1\n");
    expect(first.exec("ps -eo user=,comm=").stdout).toMatch(/^redis +redis-server\n/);
    expect(first.stop().inspect().State.ExitCode).toBe(0);
    const second = docker.run("redis", { name: "two", volumes: { data: "/data" } });
    world.run(ms(100));
    expect(second.exec("redis-cli get greeting").stdout).toBe("hello\n");
    const before = world.now;
    world.run(s(1));
    expect(world.now - before).toBeLessThanOrEqual(s(1));
  });

  test("postgres wants a password, answers SQL, and its data outlive it", () => {
    const { docker, world } = host();
    const refused = docker.run("postgres");
    expect(refused.wait()).toBe(1);
    expect(refused.logs().text).toContain("superuser password is not specified");
    docker.createNetwork("n");
    const options = { network: "n", env: { POSTGRES_PASSWORD: "secret" }, volumes: { pg: "/var/lib/postgresql/data" } };
    const store = docker.run("postgres", { ...options, name: "db" });
    world.run(s(3));
    expect(store.exec("pg_isready").stdout).toBe("/var/run/postgresql:5432 - accepting connections\n");
    const sql = (text: string, from = store): string => from.exec(["psql", "-U", "postgres", "-c", text]).output;
    expect(sql("CREATE TABLE t (id serial PRIMARY KEY, name text NOT NULL)")).toBe("CREATE TABLE\n");
    expect(sql("INSERT INTO t (name) VALUES ('b'), ('it''s')")).toBe("INSERT 0 2\n");
    expect(sql("SELECT * FROM t ORDER BY name DESC")).toBe(
      " id | name \n----+------\n  2 | it's\n  1 | b\n(2 rows)\n\n",
    );
    expect(sql("INSERT INTO t VALUES (1, 'c')")).toBe(
      'ERROR:  duplicate key value violates unique constraint "t_pkey"\n',
    );
    const remote = (password: string): string =>
      store.exec([
        "sh",
        "-c",
        `PGPASSWORD=${password} psql -h db -U postgres -tAc 'select count(*) from t where id > 1'`,
      ]).output;
    expect(remote("secret")).toBe("1\n");
    expect(remote("wrong")).toContain('FATAL:  password authentication failed for user "postgres"');
    expect(sql("UPDATE t SET name = name || '!' WHERE id = 1; DELETE FROM t WHERE id = 2")).toBe(
      "UPDATE 1\nDELETE 1\n",
    );
    // A kill loses nothing that was answered; what comes next is after a recovery.
    store.kill();
    store.remove({ force: true });
    const again = docker.run("postgres", { ...options, env: {}, name: "db2" });
    world.run(s(1));
    expect(again.logs().text).toContain("automatic recovery in progress");
    expect(sql("SELECT name, id FROM t", again)).toBe(" name | id \n------+----\n b!   |  1\n(1 row)\n\n");
    expect(again.stop().inspect().State.ExitCode).toBe(0);
    expect(again.logs().text).toContain("database system is shut down");
  });

  test("what redis holds is memory: a limit ends it", () => {
    const { docker, world } = host();
    docker.createNetwork("n");
    const store = docker.run("redis", {
      ...{ name: "store", network: "n", memory: 8 * 2 ** 20, command: ["redis-server", "--save", ""] },
    });
    const client = docker.run("redis", { network: "n", command: ["sleep", "1000"] });
    world.run(ms(100));
    const filled = client.exec([
      "sh",
      "-c",
      `x=$(printf '%65536s' y); n=0
       while redis-cli -h store set $((n=n+1)) "$x" > /dev/null 2>&1 && [ $n -lt 200 ]; do :; done; echo $n`,
    ]);
    expect(Number(filled.stdout)).toBeGreaterThan(50);
    expect(Number(filled.stdout)).toBeLessThan(120);
    expect(store.inspect().State).toMatchObject({ OOMKilled: true, ExitCode: 137 });
  });
});
