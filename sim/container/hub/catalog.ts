import type { ExecutionConfig } from "../image/oci.js";
import { alpine, busybox, debianLike, group, passwd, upTo } from "./base-images.js";
import {
  defaultSite,
  mimeTypes,
  nginxConf,
  nginxEntrypoint,
  page,
  postgresEntrypoint,
  redisEntrypoint,
} from "./texts.js";
import { FileTree } from "./filesystem.js";

/** One layer of an authored image. */
export interface LayerPlan {
  /** What history says made it. */
  readonly by: string;
  /** Bytes that the real layer takes on the wire. */
  readonly transferSize: number;
  readonly files: (machine: string, mtime: number) => FileTree;
}

export interface ImagePlan {
  readonly name: string;
  readonly tags: readonly string[];
  /** RFC 3339. */
  readonly created: string;
  readonly layers: readonly LayerPlan[];
  readonly config: ExecutionConfig;
}

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const MB = 1e6;

/*
 * Sizes are about those that Docker Hub and `docker images` showed for linux/amd64 late in 2024, to two or three digits.
 */
const alpineBase: LayerPlan = {
  by: "ADD alpine-minirootfs-3.20.3-x86_64.tar.gz / # buildkit",
  transferSize: 3.62 * MB,
  files: alpine,
};

const debianBase = (size: number, transferSize: number): LayerPlan => ({
  by: "ADD rootfs.tar.xz / # buildkit",
  transferSize,
  files: (machine, mtime) =>
    debianLike(machine, mtime, {
      id: "debian",
      pretty: "Debian GNU/Linux 12 (bookworm)",
      version: "12",
      codename: "bookworm",
      size,
    }),
});
const slimBase = debianBase(74.8 * MB, 28.2 * MB);
const fullBase = debianBase(117 * MB, 48.5 * MB);

/** A layer that adds programs, texts and what they need. */
function added(by: string, size: number, transferSize: number, fill: (tree: FileTree) => FileTree): LayerPlan {
  return {
    by,
    transferSize,
    files(machine, mtime) {
      const tree = fill(new FileTree(machine, mtime));
      const name = by
        .replace(/[^a-z0-9]+/gi, "-")
        .slice(0, 24)
        .toLowerCase();
      return size > tree.size ? upTo(tree, `usr/lib/${name}.so`, size) : tree;
    },
  };
}

const entrypoint = (text: string): string => `#!/bin/sh\nset -e\n${text}\nexec "$@"\n`;

const nginxUser = "nginx:x:101:101:nginx user:/nonexistent:/bin/false\n";

/** What both of nginx's images have. */
const nginxFiles = (tree: FileTree): FileTree =>
  tree
    .directory("var/cache/nginx")
    .directory("var/log/nginx")
    .link("var/log/nginx/access.log", "/dev/stdout")
    .link("var/log/nginx/error.log", "/dev/stderr")
    .text("etc/nginx/nginx.conf", nginxConf)
    .text("etc/nginx/mime.types", mimeTypes)
    .text("etc/nginx/conf.d/default.conf", defaultSite)
    .text("usr/share/nginx/html/index.html", page("Welcome to nginx!"))
    .text("usr/share/nginx/html/50x.html", page("Error"))
    .text("docker-entrypoint.sh", entrypoint(nginxEntrypoint), 0o755)
    .directory("docker-entrypoint.d");

const toolchain = added(
  "RUN apt-get update && apt-get install -y build-essential # buildkit",
  880 * MB,
  275 * MB,
  (tree) => tree.programs("usr/bin", ["gcc", "make", "git", "curl"], 1 * MB),
);

export const catalog: readonly ImagePlan[] = [
  {
    name: "hello-world",
    tags: ["linux", "latest"],
    created: "2024-10-02T20:00:00Z",
    layers: [added("COPY hello / # buildkit", 0, 2_400, (tree) => tree.program("hello", 13_300))],
    config: { Env: [path], Cmd: ["/hello"] },
  },
  {
    name: "busybox",
    tags: ["1.36", "1", "latest"],
    created: "2024-09-26T21:31:42Z",
    layers: [{ by: "BusyBox 1.36.1 (glibc), Debian 12", transferSize: 2.16 * MB, files: busybox }],
    config: { Env: [path], Cmd: ["sh"] },
  },
  {
    name: "alpine",
    tags: ["3.20.3", "3.20", "3", "latest"],
    created: "2024-09-06T12:05:36Z",
    layers: [alpineBase],
    config: { Env: [path], Cmd: ["/bin/sh"] },
  },
  {
    name: "debian",
    tags: ["bookworm", "12", "latest"],
    created: "2024-10-17T00:20:00Z",
    layers: [fullBase],
    config: { Env: [path], Cmd: ["bash"] },
  },
  {
    name: "debian",
    tags: ["bookworm-slim", "12-slim", "stable-slim"],
    created: "2024-10-17T00:20:00Z",
    layers: [slimBase],
    config: { Env: [path], Cmd: ["bash"] },
  },
  {
    name: "ubuntu",
    tags: ["24.04", "noble", "latest"],
    created: "2024-10-11T03:38:00Z",
    layers: [
      {
        by: "ADD file:ubuntu-noble / # buildkit",
        transferSize: 29.8 * MB,
        files: (machine, mtime) =>
          debianLike(machine, mtime, {
            id: "ubuntu",
            pretty: "Ubuntu 24.04.1 LTS",
            version: "24.04",
            codename: "noble",
            size: 78.1 * MB,
          }),
      },
    ],
    config: { Env: [path], Cmd: ["/bin/bash"] },
  },
  {
    name: "nginx",
    tags: ["1.27", "1", "latest"],
    created: "2024-10-02T17:55:35Z",
    layers: [
      slimBase,
      added("RUN apt-get install nginx=1.27.2-1~bookworm # buildkit", 117 * MB, 41.9 * MB, (tree) =>
        nginxFiles(tree.program("usr/sbin/nginx", 1.5 * MB))
          .program("usr/bin/curl", 300_000)
          .text("etc/passwd", passwd("/bin/bash", nginxUser))
          .text("etc/group", group("nginx:x:101:\n")),
      ),
    ],
    config: {
      Env: [path, "NGINX_VERSION=1.27.2", "PKG_RELEASE=1~bookworm"],
      Entrypoint: ["/docker-entrypoint.sh"],
      Cmd: ["nginx", "-g", "daemon off;"],
      ExposedPorts: { "80/tcp": {} },
      Labels: { maintainer: "NGINX Docker Maintainers" },
      StopSignal: "SIGQUIT",
    },
  },
  {
    name: "nginx",
    tags: ["1.27-alpine", "alpine"],
    created: "2024-10-02T17:55:35Z",
    layers: [
      alpineBase,
      added("RUN apk add nginx=1.27.2-r1 # buildkit", 40 * MB, 16.5 * MB, (tree) =>
        nginxFiles(tree.program("usr/sbin/nginx", 1.3 * MB))
          .text("etc/passwd", passwd("/bin/ash", nginxUser))
          .text("etc/group", group("nginx:x:101:\n")),
      ),
    ],
    config: {
      Env: [path, "NGINX_VERSION=1.27.2"],
      Entrypoint: ["/docker-entrypoint.sh"],
      Cmd: ["nginx", "-g", "daemon off;"],
      ExposedPorts: { "80/tcp": {} },
      StopSignal: "SIGQUIT",
    },
  },
  {
    name: "httpd",
    tags: ["2.4", "latest"],
    created: "2024-07-17T18:00:00Z",
    layers: [
      slimBase,
      added("RUN make install # httpd 2.4.62", 73 * MB, 27.6 * MB, (tree) =>
        tree
          .program("usr/local/apache2/bin/httpd", 2 * MB)
          .text("usr/local/apache2/htdocs/index.html", "<html><body><h1>It works!</h1></body></html>\n")
          .text("usr/local/bin/httpd-foreground", "#!/bin/sh\nexec /usr/local/apache2/bin/httpd -DFOREGROUND\n", 0o755),
      ),
    ],
    config: {
      Env: [`${path}:/usr/local/apache2/bin`],
      Cmd: ["httpd-foreground"],
      ExposedPorts: { "80/tcp": {} },
      WorkingDir: "/usr/local/apache2",
      StopSignal: "SIGWINCH",
    },
  },
  {
    name: "redis",
    tags: ["7.4", "7", "latest"],
    created: "2024-10-02T19:20:00Z",
    layers: [
      slimBase,
      added("RUN groupadd -r -g 999 redis && useradd -r -g redis -u 999 redis # buildkit", 0, 1_100, (tree) =>
        tree
          .directory("data", 0o755, 999)
          .text("etc/passwd", passwd("/bin/bash", "redis:x:999:999::/home/redis:/bin/sh\n"))
          .text("etc/group", group("redis:x:999:\n")),
      ),
      added("RUN make -C /usr/src/redis install # buildkit", 42.6 * MB, 13.1 * MB, (tree) =>
        tree.programs("usr/local/bin", ["redis-server", "redis-cli", "gosu"], 6 * MB),
      ),
      added("COPY docker-entrypoint.sh /usr/local/bin/ # buildkit", 0, 573, (tree) =>
        tree.text("usr/local/bin/docker-entrypoint.sh", entrypoint(redisEntrypoint), 0o755),
      ),
    ],
    config: {
      Env: [path, "REDIS_VERSION=7.4.1"],
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["redis-server"],
      ExposedPorts: { "6379/tcp": {} },
      Volumes: { "/data": {} },
      WorkingDir: "/data",
    },
  },
  {
    name: "postgres",
    tags: ["16", "latest"],
    created: "2024-09-26T20:11:09Z",
    layers: [
      slimBase,
      added("RUN apt-get install postgresql-16 # buildkit", 357 * MB, 121 * MB, (tree) =>
        tree
          .programs("usr/lib/postgresql/16/bin", ["postgres", "initdb", "psql", "pg_isready"], 2 * MB)
          .program("usr/local/bin/gosu", 2 * MB)
          .directory("var/lib/postgresql/data", 0o700, 999)
          .directory("var/run/postgresql", 0o775, 999)
          .directory("docker-entrypoint-initdb.d")
          .text("etc/passwd", passwd("/bin/bash", "postgres:x:999:999::/var/lib/postgresql:/bin/bash\n"))
          .text("etc/group", group("postgres:x:999:\n")),
      ),
      added("COPY docker-entrypoint.sh docker-ensure-initdb.sh /usr/local/bin/ # buildkit", 0, 5_500, (tree) =>
        tree.text("usr/local/bin/docker-entrypoint.sh", entrypoint(postgresEntrypoint), 0o755),
      ),
    ],
    config: {
      Env: [`${path}:/usr/lib/postgresql/16/bin`, "PG_MAJOR=16", "PGDATA=/var/lib/postgresql/data"],
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["postgres"],
      ExposedPorts: { "5432/tcp": {} },
      Volumes: { "/var/lib/postgresql/data": {} },
      StopSignal: "SIGINT",
    },
  },
  {
    name: "node",
    tags: ["22", "lts", "latest"],
    created: "2024-10-29T22:00:00Z",
    layers: [
      fullBase,
      toolchain,
      added("RUN install node 22.11.0 # buildkit", 128 * MB, 52 * MB, (tree) =>
        tree.program("usr/local/bin/node", 117 * MB).programs("usr/local/bin", ["npm", "npx", "yarn"], 1_000),
      ),
    ],
    config: { Env: [path, "NODE_VERSION=22.11.0", "YARN_VERSION=1.22.22"], Cmd: ["node"] },
  },
  {
    name: "node",
    tags: ["22-alpine", "alpine"],
    created: "2024-10-29T22:00:00Z",
    layers: [
      alpineBase,
      added("RUN install node 22.11.0 # buildkit", 146 * MB, 50 * MB, (tree) =>
        tree.program("usr/local/bin/node", 117 * MB).programs("usr/local/bin", ["npm", "npx", "yarn"], 1_000),
      ),
    ],
    config: { Env: [path, "NODE_VERSION=22.11.0"], Cmd: ["node"] },
  },
  {
    name: "python",
    tags: ["3.12", "3.12-bookworm"],
    created: "2024-10-01T20:45:00Z",
    layers: [
      fullBase,
      toolchain,
      added("RUN make install # Python 3.12.7", 61 * MB, 25 * MB, (tree) =>
        tree.programs("usr/local/bin", ["python3", "python", "pip"], 6 * MB),
      ),
    ],
    config: { Env: [path, "LANG=C.UTF-8", "PYTHON_VERSION=3.12.7"], Cmd: ["python3"] },
  },
  {
    name: "python",
    tags: ["3.12-slim", "3.12-slim-bookworm"],
    created: "2024-10-01T20:45:00Z",
    layers: [
      slimBase,
      added("RUN make install # Python 3.12.7", 50 * MB, 17 * MB, (tree) =>
        tree.programs("usr/local/bin", ["python3", "python", "pip"], 6 * MB),
      ),
    ],
    config: { Env: [path, "LANG=C.UTF-8", "PYTHON_VERSION=3.12.7"], Cmd: ["python3"] },
  },
  {
    name: "registry",
    tags: ["2.8.3", "2", "latest"],
    created: "2023-10-02T18:42:00Z",
    layers: [
      alpineBase,
      added("COPY registry /bin/registry # buildkit", 17.6 * MB, 6.1 * MB, (tree) =>
        tree
          .program("bin/registry", 17.5 * MB)
          .directory("var/lib/registry")
          .text("etc/docker/registry/config.yml", "version: 0.1\nhttp:\n  addr: :5000\n"),
      ),
    ],
    config: {
      Env: [path],
      Entrypoint: ["registry", "serve", "/etc/docker/registry/config.yml"],
      ExposedPorts: { "5000/tcp": {} },
      Volumes: { "/var/lib/registry": {} },
    },
  },
];
