import { describe, expect, test } from "vitest";
import { executable, type Kernel } from "../../../sim/os/index.js";
import { runShell } from "../../../sim/userland/index.js";
import { linux } from "./system.js";

/** A system that has servers' files, as an image brings them. */
function withPrograms(...names: readonly string[]): Kernel {
  const kernel = linux();
  kernel.run(function* (sys) {
    for (const name of names) {
      const fd = yield* sys.open(`/usr/bin/${name}`, 0o101, 0o755);
      yield* sys.write(fd, executable(name, kernel.machine));
      yield* sys.close(fd);
    }
  });
  return kernel;
}

describe("nginx", () => {
  const config = `
    user www-data; worker_processes 2; error_log /var/log/nginx/error.log notice; pid /run/nginx.pid;
    events { worker_connections 64; }
    http {
      log_format short '$remote_addr "$request" $status $body_bytes_sent';
      access_log /var/log/nginx/access.log short;
      upstream pool { server 127.0.0.1:8081; server 127.0.0.1:8082; }
      server {
        listen 80; root /srv; error_page 404 /missing.txt;
        location /files/ { alias /srv/deep/; }
        location = /hi { return 200 "hi $remote_addr $hostname\\n"; }
        location /old { return 301 /new; }
        location /pool/ { proxy_pass http://pool/; proxy_set_header X-Real-IP $remote_addr; }
        location /down { proxy_pass http://127.0.0.1:9; }
        location ~ \\.secret$ { return 403; }
      }
      server { listen 80; server_name other.test; location / { return 200 "other\\n"; } }
      server { listen 8081; location / { return 200 "one $request_uri $http_x_real_ip\\n"; } }
      server { listen 8082; location / { return 200 "two $request_uri\\n"; } }
    }`;
  const begin = (): Kernel => {
    const kernel = withPrograms("nginx");
    runShell(
      kernel,
      `mkdir -p /etc/nginx /var/log/nginx /run /srv/deep; echo home > /srv/index.html; echo x > /srv/deep/x
       echo gone > /srv/missing.txt; chmod 600 /srv/deep/x; cp /srv/index.html /srv/deep/y; mkdir /srv/empty
       { cat; echo; } > /etc/nginx/nginx.conf; nginx; sleep 0.1`,
      { stdin: config },
    );
    return kernel;
  };

  test("locations, hosts, redirections, errors, a proxy by turns, and the log of all that", () => {
    const kernel = begin();
    const { stdout } = runShell(
      kernel,
      `get() { curl -s -w '%{http_code}\\n' "localhost$@"; }
       get /; get /files/y; get /hi; get /pool/a?b=1; get /pool/a; get /x.secret | tail -n 1; get /nope
       get /files/x | tail -n 1; get /empty/ | tail -n 1; get /down | tail -n 1; get /../../etc/passwd | tail -n 1
       curl -s -H 'Host: other.test' localhost; curl -sI localhost/old | grep -i location; curl -sI localhost/empty | head -n 1`,
    );
    const line = [
      ...[
        "home",
        "200",
        "home",
        "200",
        "hi 127.0.0.1 linux",
        "200",
        "one /a?b=1 127.0.0.1",
        "200",
        "two /a",
        "200",
        "403",
      ],
      ...["gone", "404", "403", "403", "502", "404", "other", "location: /new\r", "HTTP/1.1 301 Moved Permanently\r"],
    ];
    expect(stdout.split("\n").slice(0, -1)).toEqual(line);
    const log = runShell(kernel, "cat /var/log/nginx/access.log; grep -c refused /var/log/nginx/error.log").stdout;
    expect(log).toContain('127.0.0.1 "GET /files/y HTTP/1.1" 200 5\n');
    expect(log).toContain('127.0.0.1 "GET /down HTTP/1.1" 502');
    expect(log).toMatch(/\n1\n$/);
  });

  test("workers are the configured user's; a dead one is replaced; reload and quit", () => {
    const kernel = begin();
    const workers = "ps -eo user=,ppid=,comm= | grep -c 'www-data.*nginx'";
    const { stdout, stderr } = runShell(
      kernel,
      `${workers}; kill -9 $(pgrep nginx | tail -n 1); sleep 0.1; ${workers}
       sed -i 's/"hi /"HI /' /etc/nginx/nginx.conf; nginx -s reload; sleep 0.1; curl -s localhost/hi; ${workers}
       echo 'foo bar;' >> /etc/nginx/nginx.conf; nginx -t; echo $?; nginx -s reload; curl -s localhost/hi
       sed -i '$d' /etc/nginx/nginx.conf; nginx -s quit; sleep 0.1; pgrep nginx | wc -l; nginx -s quit; echo $?`,
    );
    expect(stdout).toBe("2\n2\nHI 127.0.0.1 linux\n2\n1\nHI 127.0.0.1 linux\n0\n1\n");
    expect(stderr).toContain('nginx: [emerg] unknown directive "foo" in /etc/nginx/nginx.conf:');
    expect(stderr).toContain('nginx: [error] open() "/run/nginx.pid" failed (2: No such file or directory)');
  });

  test.each([
    ["events {}\nhttp {", 'unexpected end of file, expecting "}" in /c:2'],
    ["events {}\nlisten 80;", '"listen" directive is not allowed here in /c:2'],
    ["http { }", 'no "events" section in configuration'],
    [
      "events {}\nhttp { server { listen 80; location / { proxy_pass http://nowhere; } } }",
      "host not found in upstream",
    ],
    ["events {}\nhttp { server { listen x; } }", 'invalid port in "x" of the "listen" directive in /c:2'],
    ["user nobodyatall; events {}", 'getpwnam("nobodyatall") failed'],
    ['events {}\nhttp { log_format a "x;', "unexpected end of file"],
  ])("%j is refused: %s", (config_, message) => {
    const { stderr, status } = runShell(withPrograms("nginx"), "cat > /c; mkdir -p /var/log/nginx; nginx -t -c /c", {
      stdin: config_,
    });
    expect(stderr).toContain(`nginx: [emerg] ${message}`);
    expect(status).toBe(1);
  });
});

describe("redis", () => {
  const session = (commands: string): string =>
    runShell(
      withPrograms("redis-server", "redis-cli"),
      `redis-server --save '' > /log & sleep 0.05\n${commands}\nkill $(pgrep redis-server) 2> /dev/null`,
    ).stdout;

  test("strings, numbers, lists, hashes, sets, keys, times", () => {
    const output = session(`redis-cli --no-raw << 'E'
set a 1
incr a
incrby a 40
get a
append a x
incr a
set b 2 nx
set b 3 NX
lpush l x y z
rpop l
lrange l 0 -1
llen l
hset h f 1 g 2
hgetall h
sadd s m m n
type s
get l
del a b nothing
keys ?
exists l
set t v EX 1
ttl t
nosuch arg
get
E
sleep 1.1; redis-cli --no-raw get t; redis-cli --no-raw ttl t`);
    expect(output.split("\n")).toEqual([
      ...["OK", "(integer) 2", "(integer) 42", '"42"', "(integer) 3"],
      "(error) ERR value is not an integer or out of range",
      ...["OK", "(nil)", "(integer) 3", '"x"', '1) "z"', '2) "y"', "(integer) 2", "(integer) 2"],
      ...['1) "f"', '2) "1"', '3) "g"', '4) "2"', "(integer) 2", "set"],
      "(error) WRONGTYPE Operation against a key holding the wrong kind of value",
      ...["(integer) 2", '1) "l"', '2) "h"', '3) "s"', "(integer) 1", "OK", "(integer) 1"],
      "(error) ERR unknown command 'nosuch', with args beginning with: 'arg' ",
      "(error) ERR wrong number of arguments for 'get' command",
      ...["(nil)", "(integer) -2", ""],
    ]);
  });

  test("a dump is an RDB file, and the next server reads it", () => {
    const output = session(`redis-cli set k v; redis-cli rpush l a b; redis-cli hset h f 1; redis-cli set t x EX 1000
      redis-cli save; head -c 9 dump.rdb; echo; redis-cli shutdown nosave; wait; redis-server --save '' > /log & sleep 0.05
      redis-cli get k; redis-cli lrange l 0 -1; redis-cli hget h f; redis-cli ttl t; redis-cli shutdown nosave; wait
      printf junk > dump.rdb; redis-server > /log; echo $?; grep -c signature /log`);
    expect(output).toBe("OK\n2\n1\nOK\nOK\nREDIS0011\nv\na\nb\n1\n1000\n1\n1\n");
  });

  test("a password is asked for, and who finds no server is told", () => {
    const { stdout, stderr } = runShell(
      withPrograms("redis-server", "redis-cli"),
      `redis-server --save '' --requirepass pw > /log & sleep 0.05
       redis-cli get a; redis-cli -a no ping; redis-cli -a pw ping; redis-cli -p 1 ping; echo $?; kill $!`,
    );
    expect(stdout).toBe("NOAUTH Authentication required.\nNOAUTH Authentication required.\nPONG\n1\n");
    expect(stderr).toContain("Could not connect to Redis at 127.0.0.1:1: Connection refused");
  });
});

test("top shows who has had the CPU, and watch repeats", () => {
  const { stdout } = runShell(
    linux(),
    "(while :; do :; done) & sleep 0.05; top -b -n 1 | sed -n '5,6p'; kill $!; timeout 3 watch -n 1 -t echo tick | grep -c tick",
  );
  const [head, first, ticks] = stdout.split("\n");
  expect(head).toBe("    PID USER      PR  NI    VIRT    RES S  %CPU  %MEM     TIME+ COMMAND");
  expect(first).toMatch(/^ +\d+ root +20 +0 +\d+ +\d+ [RS] +\d+\.\d +\d\.\d +0:00\.0[345] sh$/);
  expect(ticks).toBe("3");
});
