import { mimeTypes, page } from "../texts.js";
import { alpineBase, debianBase } from "./base.js";
import { debianLibrary, library, type PackagePlan } from "./plan.js";

const nginxHead = (user: string): string => `user ${user};
worker_processes auto;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;

events {
    worker_connections 768;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    sendfile on;
    access_log /var/log/nginx/access.log;
`;

const debianSite = `server {
    listen 80 default_server;
    root /var/www/html;
    index index.html index.htm index.nginx-debian.html;
    server_name _;

    location / {
        try_files $uri $uri/ =404;
    }
}
`;

const alpineSite = `server {
    listen 80 default_server;

    location / {
        return 404;
    }
}
`;

/** A line of /etc/passwd and one of /etc/group, where they aren't there. */
const addUser = (name: string, uid: number, gid: number, home: string): string => `#!/bin/sh
grep -q '^${name}:' /etc/group || echo '${name}:x:${gid}:' >> /etc/group
grep -q '^${name}:' /etc/passwd || echo '${name}:x:${uid}:${gid}:${name}:${home}:/sbin/nologin' >> /etc/passwd
exit 0
`;

const certificates = "# The authorities that this system trusts: none in the simulation, which has no TLS.\n";

/** Packages that have programs or data; versions are Alpine 3.20's and Debian 12's of autumn 2024, sizes about theirs. */
const programs: readonly PackagePlan[] = [
  {
    name: "curl",
    summary: "URL retrieval utility and library",
    homepage: "https://curl.se/",
    license: "curl",
    alpine: { version: "8.9.1-r2", depends: ["libcurl"], files: (tree) => tree.program("usr/bin/curl", 257_000) },
    debian: {
      version: "7.88.1-10+deb12u7",
      section: "web",
      depends: ["libc6 (>= 2.34)", "libcurl4 (= 7.88.1-10+deb12u7)", "zlib1g (>= 1:1.1.4)"],
      files: (tree) => tree.program("usr/bin/curl", 257_000).text("usr/share/doc/curl/copyright", "License: curl\n"),
    },
  },
  {
    name: "libcurl",
    summary: "The multiprotocol file transfer library",
    homepage: "https://curl.se/",
    license: "curl",
    alpine: {
      version: "8.9.1-r2",
      depends: ["ca-certificates", "brotli-libs", "c-ares", "libidn2", "nghttp2-libs", "libpsl", "zstd-libs"],
      files: library("libcurl.so.4.8.0", 645_000),
    },
  },
  {
    name: "libcurl4",
    summary: "easy-to-use client-side URL transfer library (OpenSSL flavour)",
    homepage: "https://curl.se/",
    license: "curl",
    debian: {
      version: "7.88.1-10+deb12u7",
      section: "libs",
      depends: ["libbrotli1 (>= 0.6.0)", "libc6 (>= 2.34)", "libnghttp2-14 (>= 1.50.0)", "libpsl5 (>= 0.16.0)"],
      recommends: ["ca-certificates"],
      files: debianLibrary("libcurl.so.4.8.0", 760_000),
    },
  },
  {
    name: "ca-certificates",
    summary: "Common CA certificates",
    homepage: "https://www.mozilla.org/en-US/about/governance/policies/security-group/certs/",
    license: "MPL-2.0 AND MIT",
    alpine: {
      version: "20240705-r0",
      files: (tree) =>
        tree
          .text("etc/ssl/certs/ca-certificates.crt", certificates)
          .ballast("usr/share/ca-certificates/all.crt", 460_000)
          .directory("usr/local/share/ca-certificates"),
      scripts: { ".trigger": "#!/bin/sh\nexit 0\n" },
      triggers: ["/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/etc/ca-certificates/update.d"],
    },
    debian: {
      version: "20230311",
      section: "misc",
      files: (tree) =>
        tree
          .text("etc/ssl/certs/ca-certificates.crt", certificates)
          .ballast("usr/share/ca-certificates/mozilla/all.crt", 380_000),
      scripts: {
        postinst:
          '#!/bin/sh\nset -e\nif [ "$1" = configure ]; then\n  echo "Updating certificates in /etc/ssl/certs..."\nfi\n',
      },
    },
  },
  {
    name: "nginx",
    summary: "HTTP and reverse proxy server",
    homepage: "https://www.nginx.org/",
    license: "BSD-2-Clause",
    alpine: {
      version: "1.26.2-r0",
      depends: ["pcre2"],
      scripts: { ".pre-install": addUser("nginx", 100, 101, "/var/lib/nginx") },
      files: (tree) =>
        tree
          .program("usr/sbin/nginx", 1_270_000)
          .text("etc/nginx/nginx.conf", `${nginxHead("nginx")}    include /etc/nginx/http.d/*.conf;\n}\n`)
          .text("etc/nginx/mime.types", mimeTypes)
          .text("etc/nginx/http.d/default.conf", alpineSite)
          .directory("var/lib/nginx/html")
          .directory("var/log/nginx")
          .directory("var/www/localhost/htdocs"),
    },
    debian: {
      version: "1.22.1-9",
      section: "httpd",
      depends: [
        "libc6 (>= 2.34)",
        "libpcre2-8-0 (>= 10.22)",
        "zlib1g (>= 1:1.1.4)",
        "iproute2",
        "nginx-common (= 1.22.1-9)",
      ],
      files: (tree) =>
        tree.program("usr/sbin/nginx", 1_290_000).text("usr/share/doc/nginx/copyright", "License: BSD-2-clause\n"),
    },
  },
  {
    name: "nginx-common",
    summary: "small, powerful, scalable web/proxy server - common files",
    homepage: "https://nginx.org",
    license: "BSD-2-Clause",
    debian: {
      version: "1.22.1-9",
      section: "httpd",
      conffiles: ["/etc/nginx/nginx.conf", "/etc/nginx/mime.types", "/etc/nginx/sites-available/default"],
      files: (tree) =>
        tree
          .text(
            "etc/nginx/nginx.conf",
            `${nginxHead("www-data")}    include /etc/nginx/conf.d/*.conf;\n    include /etc/nginx/sites-enabled/*;\n}\n`,
          )
          .text("etc/nginx/mime.types", mimeTypes)
          .text("etc/nginx/sites-available/default", debianSite)
          .link("etc/nginx/sites-enabled/default", "/etc/nginx/sites-available/default")
          .directory("etc/nginx/conf.d")
          .directory("var/lib/nginx")
          .directory("var/log/nginx")
          .text("var/www/html/index.nginx-debian.html", page("Welcome to nginx!")),
    },
  },
  {
    name: "redis",
    summary: "Advanced key-value store",
    homepage: "https://redis.io/",
    license: "BSD-3-Clause",
    alpine: {
      version: "7.2.5-r1",
      scripts: { ".pre-install": addUser("redis", 102, 103, "/var/lib/redis") },
      files: (tree) =>
        tree
          .programs("usr/bin", ["redis-server", "redis-cli"], 1_400_000)
          .text("etc/redis.conf", "bind 127.0.0.1\nport 6379\ndir /var/lib/redis\n")
          .directory("var/lib/redis"),
    },
  },
  {
    name: "redis-tools",
    summary: "Persistent key-value database with network interface (client)",
    homepage: "https://redis.io/",
    license: "BSD-3-Clause",
    debian: {
      version: "5:7.0.15-1~deb12u1",
      section: "database",
      depends: ["libc6 (>= 2.34)"],
      files: (tree) => tree.program("usr/bin/redis-cli", 1_400_000),
    },
  },
  {
    name: "redis-server",
    summary: "Persistent key-value database with network interface",
    homepage: "https://redis.io/",
    license: "BSD-3-Clause",
    debian: {
      version: "5:7.0.15-1~deb12u1",
      section: "database",
      depends: ["redis-tools (= 5:7.0.15-1~deb12u1)"],
      conffiles: ["/etc/redis/redis.conf"],
      files: (tree) =>
        tree
          .program("usr/bin/redis-server", 1_400_000)
          .text("etc/redis/redis.conf", "bind 127.0.0.1\nport 6379\ndir /var/lib/redis\n")
          .directory("var/lib/redis"),
    },
  },
  {
    name: "bash",
    summary: "The GNU Bourne Again shell",
    homepage: "https://www.gnu.org/software/bash/bash.html",
    license: "GPL-3.0-or-later",
    alpine: {
      version: "5.2.26-r0",
      depends: ["readline"],
      files: (tree) => tree.program("bin/bash", 760_000, "sh"),
    },
  },
  {
    name: "wget",
    summary: "Network utility to retrieve files from the Web",
    homepage: "https://www.gnu.org/software/wget/wget.html",
    license: "GPL-3.0-or-later WITH OpenSSL-Exception",
    alpine: {
      version: "1.24.5-r0",
      depends: ["libidn2", "pcre2"],
      files: (tree) => tree.program("usr/bin/wget", 470_000),
    },
    debian: {
      version: "1.21.3-1+deb12u1",
      section: "web",
      depends: [
        "libc6 (>= 2.34)",
        "libidn2-0 (>= 0.6)",
        "libpcre2-8-0 (>= 10.22)",
        "libpsl5 (>= 0.16.0)",
        "zlib1g (>= 1:1.1.4)",
      ],
      recommends: ["ca-certificates"],
      files: (tree) => tree.program("usr/bin/wget", 490_000),
    },
  },
  {
    name: "netcat-openbsd",
    summary: "TCP/IP swiss army knife. OpenBSD variant.",
    homepage: "https://salsa.debian.org/debian/netcat-openbsd",
    license: "BSD-3-Clause",
    alpine: { version: "1.226-r0", files: (tree) => tree.program("usr/bin/nc", 38_000) },
    debian: {
      version: "1.219-1",
      section: "net",
      depends: ["libc6 (>= 2.34)"],
      files: (tree) => tree.program("bin/nc", 43_000),
    },
  },
  {
    name: "iproute2",
    summary: "IP Routing Utilities",
    homepage: "https://wiki.linuxfoundation.org/networking/iproute2",
    license: "GPL-2.0-or-later",
    alpine: { version: "6.9.0-r0", files: (tree) => tree.program("sbin/ip", 640_000).program("sbin/ss", 150_000) },
    debian: {
      version: "6.1.0-3",
      section: "net",
      depends: ["libc6 (>= 2.34)"],
      files: (tree) => tree.program("bin/ip", 720_000).program("bin/ss", 150_000),
    },
  },
  {
    name: "iputils-ping",
    summary: "Tools to test the reachability of network hosts",
    homepage: "https://github.com/iputils/iputils/",
    license: "GPL-2.0-or-later",
    alpine: { version: "20240117-r0", files: (tree) => tree.program("bin/ping", 90_000) },
    debian: {
      version: "3:20221126-1",
      section: "net",
      depends: ["libc6 (>= 2.34)"],
      files: (tree) => tree.program("bin/ping", 90_000),
    },
  },
  {
    name: "iptables",
    summary: "Linux kernel firewall, NAT and packet mangling tools",
    homepage: "https://www.netfilter.org/projects/iptables/index.html",
    license: "GPL-2.0-or-later",
    alpine: {
      version: "1.8.10-r3",
      files: (tree) => tree.programs("sbin", ["iptables", "iptables-save", "iptables-restore"], 220_000),
    },
    debian: {
      version: "1.8.9-2",
      section: "net",
      depends: ["libc6 (>= 2.34)"],
      files: (tree) => tree.programs("usr/sbin", ["iptables", "iptables-save", "iptables-restore"], 220_000),
    },
  },
  {
    name: "procps",
    summary: "Utilities for monitoring your system and processes on your system",
    homepage: "https://gitlab.com/procps-ng/procps",
    license: "GPL-2.0-or-later AND LGPL-2.0-or-later",
    alpine: { version: "4.0.4-r0", files: (tree) => tree.programs("bin", ["ps", "top", "free"], 100_000) },
    debian: {
      version: "2:4.0.2-3",
      section: "admin",
      depends: ["libc6 (>= 2.34)"],
      files: (tree) => tree.programs("bin", ["ps", "top", "free"], 100_000),
    },
  },
];

/** Its name, version, file, size, and what it needs. */
type LibraryRow = readonly [string, string, string, number, (readonly string[])?];

const alpineLibraries: readonly LibraryRow[] = [
  ["brotli-libs", "1.1.0-r2", "libbrotlicommon.so.1.1.0", 715_000],
  ["c-ares", "1.33.1-r0", "libcares.so.2.17.2", 180_000],
  ["libunistring", "1.2-r0", "libunistring.so.5.1.0", 1_780_000],
  ["libidn2", "2.3.7-r0", "libidn2.so.0.4.0", 205_000, ["libunistring"]],
  ["libpsl", "0.21.5-r1", "libpsl.so.5.3.5", 85_000, ["libidn2"]],
  ["nghttp2-libs", "1.62.1-r0", "libnghttp2.so.14.28.1", 165_000],
  ["zstd-libs", "1.5.6-r0", "libzstd.so.1.5.6", 645_000],
  ["pcre2", "10.43-r0", "libpcre2-8.so.0.12.0", 620_000],
  ["ncurses-libs", "6.4_p20240420-r1", "libncursesw.so.6.4", 360_000],
  ["readline", "8.2.10-r0", "libreadline.so.8.2", 310_000, ["ncurses-libs"]],
];

const debianLibraries: readonly LibraryRow[] = [
  ["libbrotli1", "1.0.9-2+b6", "libbrotlicommon.so.1.0.9", 800_000],
  ["libnghttp2-14", "1.52.0-1+deb12u1", "libnghttp2.so.14.24.1", 200_000],
  ["libunistring2", "1.0-2", "libunistring.so.2.2.0", 1_830_000],
  ["libidn2-0", "2.3.3-1+b1", "libidn2.so.0.3.8", 220_000, ["libunistring2 (>= 0.9.7)"]],
  ["libpsl5", "0.21.2-1", "libpsl.so.5.3.4", 85_000, ["libidn2-0 (>= 0.16)"]],
  ["libpcre2-8-0", "10.42-1", "libpcre2-8.so.0.11.2", 630_000],
];

const libraryPlan = (name: string): Pick<PackagePlan, "name" | "summary" | "homepage" | "license"> => ({
  name,
  summary: `${name}: a library that other packages need`,
  homepage: `http://packages.virtlab/${name}`,
  license: "MIT",
});

/** All packages of the simulated repositories, those of base images among them. */
export const packages: readonly PackagePlan[] = [
  ...programs,
  ...alpineLibraries.map(([name, version, file, size, depends = []]): PackagePlan => ({
    ...libraryPlan(name),
    alpine: { version, depends, files: library(file, size) },
  })),
  ...debianLibraries.map(([name, version, file, size, depends = []]): PackagePlan => ({
    ...libraryPlan(name),
    debian: { version, section: "libs", depends: ["libc6 (>= 2.34)", ...depends], files: debianLibrary(file, size) },
  })),
  ...alpineBase,
  ...debianBase,
];
