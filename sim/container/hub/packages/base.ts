import type { PackagePlan } from "./plan.js";

/** What the archive of a base package holds: its programs lie in the image already, among all others'. */
const mark =
  (name: string): NonNullable<PackagePlan["alpine"]>["files"] =>
  (tree) =>
    tree.text(`usr/share/packages/${name}`, `${name} is part of the base image.\n`);

/** The packages of alpine:3.20.3, with about their sizes. */
const alpineRows: readonly (readonly [string, string, number, string])[] = [
  ["alpine-baselayout", "3.6.5-r0", 8_515, "Alpine base dir structure and init scripts"],
  ["alpine-baselayout-data", "3.6.5-r0", 11_664, "Alpine base dir structure and init scripts"],
  ["alpine-keys", "2.4-r1", 13_359, "Public keys for Alpine Linux packages"],
  ["apk-tools", "2.14.4-r1", 301_000, "Alpine Package Keeper - package manager for alpine"],
  ["busybox", "1.36.1-r29", 931_000, "Size optimized toolbox of many common UNIX utilities"],
  ["busybox-binsh", "1.36.1-r29", 1, "busybox ash /bin/sh"],
  ["ca-certificates-bundle", "20240705-r0", 233_000, "Pre generated bundle of Mozilla certificates"],
  ["libcrypto3", "3.3.2-r0", 4_480_000, "Crypto library from openssl"],
  ["libssl3", "3.3.2-r0", 880_000, "SSL shared libraries"],
  ["musl", "1.2.5-r0", 662_000, "the musl c library (libc) implementation"],
  ["musl-utils", "1.2.5-r0", 135_000, "the musl c library (libc) implementation"],
  ["scanelf", "1.3.7-r2", 94_000, "Scan ELF binaries for stuff"],
  ["ssl_client", "1.36.1-r29", 28_000, "External ssl_client for busybox wget"],
  ["zlib", "1.3.1-r1", 110_000, "A compression/decompression Library"],
];

export const alpineBase: readonly PackagePlan[] = alpineRows.map(([name, version, size, summary]) => ({
  name,
  summary,
  homepage: "https://alpinelinux.org/",
  license: "GPL-2.0-only",
  alpine: {
    version,
    base: true,
    size,
    files: mark(name),
    ...(name === "busybox" && {
      scripts: { ".trigger": "#!/bin/sh\nexit 0\n" },
      triggers: ["/bin", "/usr/bin", "/sbin", "/usr/sbin", "/lib/modules/*"],
    }),
  },
}));

/** Packages of debian:bookworm-slim, with about their sizes: the essential ones, and what others name. */
const debianRows: readonly (readonly [string, string, number, string, boolean?])[] = [
  ["adduser", "3.134", 682_000, "add and remove users and groups"],
  ["apt", "2.6.1", 4_300_000, "commandline package manager"],
  ["base-files", "12.4+deb12u7", 341_000, "Debian base system miscellaneous files", true],
  ["base-passwd", "3.6.1", 239_000, "Debian base system master password and group files", true],
  ["bash", "5.2.15-2+b7", 7_160_000, "GNU Bourne Again SHell", true],
  ["coreutils", "9.1-1", 18_060_000, "GNU core utilities", true],
  ["dash", "0.5.12-2", 191_000, "POSIX-compliant shell", true],
  ["debianutils", "5.7-0.5~deb12u1", 243_000, "Miscellaneous utilities specific to Debian", true],
  ["diffutils", "1:3.8-4", 1_597_000, "File comparison utilities", true],
  ["dpkg", "1.21.22", 6_480_000, "Debian package management system", true],
  ["findutils", "4.9.0-4", 1_900_000, "utilities for finding files--find, xargs", true],
  ["grep", "3.8-5", 1_290_000, "GNU grep, egrep and fgrep", true],
  ["gzip", "1.12-1", 264_000, "GNU compression utilities", true],
  ["hostname", "3.23+nmu1", 47_000, "utility to set/show the host name or domain name", true],
  ["libc6", "2.36-9+deb12u8", 12_980_000, "GNU C Library: Shared libraries"],
  ["login", "1:4.13+dfsg1-1+b1", 2_620_000, "system login tools", true],
  ["mawk", "1.3.4.20200120-3.1", 249_000, "Pattern scanning and text processing language"],
  ["perl-base", "5.36.0-7+deb12u1", 7_680_000, "minimal Perl system", true],
  ["sed", "4.9-1", 987_000, "GNU stream editor for filtering/transforming text", true],
  ["tar", "1.34+dfsg-1.2+deb12u1", 3_250_000, "GNU version of the tar archiving utility", true],
  ["tzdata", "2024a-0+deb12u1", 2_625_000, "time zone and daylight-saving time data"],
  ["util-linux", "2.38.1-5+deb12u1", 5_080_000, "miscellaneous system utilities", true],
  ["zlib1g", "1:1.2.13.dfsg-1", 168_000, "compression library - runtime"],
];

export const debianBase: readonly PackagePlan[] = debianRows.map(
  ([name, version, size, summary, essential = false]): PackagePlan => ({
    name,
    summary,
    homepage: "https://www.debian.org/",
    license: "GPL-2+",
    debian: { version, base: true, essential, section: "admin", size, files: mark(name) },
  }),
);
