import { describe, expect, test } from "vitest";
import { lab, type Docker } from "../../../sim/lab/index.js";

const world = lab({ seed: 4 });
const host = world.linux();
const docker: Docker = host.docker();
for (const image of ["alpine", "debian"]) docker.pull(image);
/** A script in a new container. */
const inside = (
  image: string,
  script: string,
  ...options: readonly string[]
): { readonly output: string; readonly status: number } => {
  const { output, status } = host.sh(`docker run --rm ${options.join(" ")} ${image} sh -c 'exec 2>&1; ${script}'`);
  return { output, status };
};

describe("apk in a container", () => {
  test("installs from a repository over the network, and programs are there from then on alone", () => {
    const { output } = inside(
      "alpine",
      "curl; apk add --no-cache curl; curl -so /dev/null -w %{http_code}. http://packages.virtlab/",
    );
    expect(output).toBe(`sh: 1: curl: not found
fetch http://packages.virtlab/alpine/v3.20/main/x86_64/APKINDEX.tar.gz
(1/10) Installing ca-certificates (20240705-r0)
(2/10) Installing brotli-libs (1.1.0-r2)
(3/10) Installing c-ares (1.33.1-r0)
(4/10) Installing libunistring (1.2-r0)
(5/10) Installing libidn2 (2.3.7-r0)
(6/10) Installing nghttp2-libs (1.62.1-r0)
(7/10) Installing libpsl (0.21.5-r1)
(8/10) Installing zstd-libs (1.5.6-r0)
(9/10) Installing libcurl (8.9.1-r2)
(10/10) Installing curl (8.9.1-r2)
Executing busybox-1.36.1-r29.trigger
Executing ca-certificates-20240705-r0.trigger
OK: 12 MiB in 24 packages
404.`);
  });

  test("removes what nobody needs any longer, keeps the world, and answers questions", () => {
    const script = [
      "apk add -q curl nginx",
      "grep -x -e curl -e nginx /etc/apk/world",
      "apk info -W /usr/sbin/nginx",
      "grep ^nginx /etc/passwd",
      "apk del -q curl",
      "apk info -e curl || apk info | grep -c .",
      "ls /usr/lib/libcurl.so.4 2>&1",
      "apk add -q --virtual .b bash",
      'bash -c "echo hi"',
      "apk del -q .b",
      "ls /var/cache/apk",
    ].join("; ");
    const { output } = inside("alpine", script);
    expect(output.replace(/^Executing.*\n/gm, "")).toBe(`curl
nginx
/usr/sbin/nginx is owned by nginx-1.26.2-r0
nginx:x:100:101:nginx:/var/lib/nginx:/sbin/nologin
16
ls: cannot access '/usr/lib/libcurl.so.4': No such file or directory
hi
APKINDEX.${/APKINDEX\.(\w{8})/.exec(output)?.[1] ?? "?"}.tar.gz
`);
  });

  test("says what apk says where something is missing", () => {
    expect(inside("alpine", "apk add nosuch other", "--network none")).toEqual({
      output: `fetch http://packages.virtlab/alpine/v3.20/main/x86_64/APKINDEX.tar.gz
WARNING: updating and opening http://packages.virtlab/alpine/v3.20/main: temporary error (try again later)
ERROR: unable to select packages:
  nosuch (no such package):
    required by: world[nosuch]
  other (no such package):
    required by: world[other]
`,
      status: 2,
    });
    expect(inside("alpine", "apk add curl", "--user 1000")).toEqual({
      output:
        "ERROR: Unable to lock database: Permission denied\nERROR: Failed to open apk database: Permission denied\n",
      status: 99,
    });
    expect(inside("alpine", "apk del nosuch")).toEqual({ output: "ERROR: No such package: nosuch\n", status: 1 });
    expect(inside("alpine", "apk frobnicate").output).toBe(
      "ERROR: 'frobnicate' is not an apk command. See 'apk --help'.\n",
    );
  });

  test("takes no archive that isn't the one of the index", async () => {
    const { internetOf } = await import("../../../sim/container/index.js");
    const { packageRepository } = await import("../../../sim/container/hub/packages/repository.js");
    const other = lab({ seed: 5 }).linux();
    other.docker();
    const real = packageRepository();
    internetOf(other.world).serve("packages.virtlab", (request, from) => {
      const answer = real(request, from);
      if (!request.path.includes("pcre2") || "next" in answer) return answer;
      return { ...answer, body: answer.body.subarray(0, 200) };
    });
    const { output, status } = other.sh("docker run --rm alpine apk add --no-cache nginx 2>&1");
    expect(output).toContain("ERROR: pcre2-10.43-r0: BAD archive\n");
    expect(output).toContain("1 error; ");
    expect(status).toBe(1);
  });
});

describe("builds", () => {
  test("FROM alpine, RUN apk add: the layer holds the files, and the image has the program", () => {
    const built = docker.build({ tag: "curl", dockerfile: "FROM alpine\nRUN apk add --no-cache curl\n" });
    expect(built.rows).toHaveLength(2);
    expect(inside("curl", "command -v curl; apk info -e curl").output).toBe("/usr/bin/curl\ncurl\n");
    const box = docker.run("curl", { name: "box", command: "sleep 1000" });
    expect(box.diff().rows.filter(({ change }) => change === "added")).toEqual([]);
  });

  test("FROM debian, RUN apt-get update && apt-get install -y nginx: it serves", () => {
    const dockerfile = "FROM debian\nRUN apt-get update && apt-get install -y nginx && rm -rf /var/lib/apt/lists/*\n";
    docker.build({ tag: "web", dockerfile });
    docker.run("web", { name: "web", publish: { 8080: 80 }, command: ["nginx", "-g", "daemon off;"] });
    expect(host.sh("sleep 1; curl -s localhost:8080").stdout).toContain("<title>Welcome to nginx!</title>");
    expect(host.sh("docker exec web dpkg -S /usr/sbin/nginx").stdout).toBe("nginx: /usr/sbin/nginx\n");
  });

  test("without its network's other end, apt-get says so; without rights, too", () => {
    const { output } = inside("debian", "apt-get update; echo $?; apt-get install -y curl; echo $?", "--network none");
    expect(output).toContain("  Temporary failure resolving 'packages.virtlab'\n");
    expect(output).toContain("E: Unable to locate package curl\n100\n");
    expect(inside("debian", "apt-get update", "--user 1000")).toMatchObject({ status: 100 });
    expect(inside("debian", "apt-get install -y curl", "--user 1000").output).toBe(
      "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n",
    );
  });
});
