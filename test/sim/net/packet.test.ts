import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { needs, pathOf } from "../../clients/tools.js";
import { UsageError } from "../../../sim/core/index.js";
import {
  decodeFrame,
  describeFrame,
  encodeFrame,
  formatIpv4,
  formatIpv6,
  formatMac,
  formatPrefix,
  frameLength,
  ipv4,
  ipv6,
  mac,
  pcap,
  prefix,
  within,
  type Frame,
  type Ipv4,
  type Mac,
  type Packet,
  type Payload,
} from "../../../sim/net/index.js";

const address = fc.nat(0xffff_ffff).map((value) => value as Ipv4);
const port = fc.nat(0xffff);
const data = fc.uint8Array({ maxLength: 64 });
const word = fc.nat(0xffff_ffff);
const macAddress = fc.maxSafeNat().map((value) => (value % 2 ** 48) as Mac);

const options = fc.option(
  fc.record({
    maximumSegment: port,
    windowScale: fc.nat(14),
    sackPermitted: fc.constant(true),
    sack: fc.constant([[1, 2] as const]),
  }),
  { nil: undefined },
);

const payloads: fc.Arbitrary<readonly [number, Payload]> = fc.oneof(
  fc
    .record({
      sourcePort: port,
      destinationPort: port,
      sequence: word,
      acknowledgement: word,
      flags: fc.nat(63),
      window: port,
      options,
      data,
    })
    .map((tcp) => [6, { kind: "tcp", ...tcp }] as const),
  fc.record({ sourcePort: port, destinationPort: port, data }).map((udp) => [17, { kind: "udp", ...udp }] as const),
  fc
    .record({ reply: fc.boolean(), identifier: port, sequence: port, data })
    .map((echo) => [1, { kind: "echo", ...echo }] as const),
  data.map((bytes) => [99, { kind: "other", data: bytes }] as const),
);

const packets = fc
  .record({
    source: address,
    destination: address,
    tos: fc.nat(255),
    id: port,
    dontFragment: fc.boolean(),
    ttl: fc.nat(255),
    payload: payloads,
  })
  .map(({ payload: [protocol, payload], ...head }): Packet => ({ kind: "ipv4", ...head, protocol, payload }));

const frames = fc.record({
  destination: macAddress,
  source: macAddress,
  vlan: fc.nat(4094),
  payload: fc.oneof(
    packets,
    fc
      .record({ senderMac: macAddress, senderIp: address, targetMac: macAddress, targetIp: address })
      .map((arp) => ({ kind: "arp", operation: "reply", ...arp }) as const),
    data.map((bytes) => ({ kind: "other", etherType: 0x86dd, data: bytes }) as const),
  ),
});

describe("addresses", () => {
  test("are read and printed", () => {
    fc.assert(fc.property(address, (value) => ipv4(formatIpv4(value)) === value));
    fc.assert(fc.property(macAddress, (value) => mac(formatMac(value)) === value));
    expect(formatPrefix(prefix("10.1.2.3/20"))).toBe("10.1.0.0/20");
    expect(within(ipv4("10.1.15.255"), prefix("10.1.0.0/20"))).toBe(true);
    expect(within(ipv4("10.1.16.0"), prefix("10.1.0.0/20"))).toBe(false);
    for (const wrong of ["10.0.0", "10.0.0.256", "a.b.c.d", ""]) expect(() => ipv4(wrong)).toThrow(UsageError);
    expect(() => prefix("10.0.0.0/33")).toThrow(UsageError);
  });

  test("of IPv6 are printed as RFC 5952 has them", () => {
    const canonical = [
      ["2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"],
      ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
      ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
      ["2001:db8::1:0:0:1", "2001:db8::1:0:0:1"],
      ["::", "::"],
      ["::ffff:192.0.2.1", "::ffff:c000:201"],
    ] as const;
    for (const [given, printed] of canonical) expect(formatIpv6(ipv6(given))).toBe(printed);
    for (const wrong of ["1::2::3", "1:2:3", ":::", "12345::"]) expect(() => ipv6(wrong)).toThrow(UsageError);
  });
});

describe("frames", () => {
  test("are the same after encoding and decoding, and as long as said", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const bytes = encodeFrame(frame);
        expect(bytes).toHaveLength(frameLength(frame));
        expect(decodeFrame(bytes)).toEqual(frame);
      }),
    );
  });

  test("that are damaged in what a checksum covers are dropped", () => {
    fc.assert(
      fc.property(packets, fc.nat(), fc.nat(7), (payload, where, bit) => {
        if (payload.payload.kind === "other") return;
        const bytes = encodeFrame({ destination: 1 as Mac, source: 2 as Mac, vlan: 0, payload });
        bytes[14 + (where % (bytes.length - 14))]! ^= 1 << bit;
        const read = decodeFrame(bytes);
        // A datagram's own checksum of zero says that there is none.
        if (payload.payload.kind === "udp" && read !== undefined) return;
        expect(read === undefined || (read.payload.kind === "ipv4" && read.payload.payload.kind === "other")).toBe(
          true,
        );
      }),
    );
  });

  test("from anyone are read without an error", () => {
    const read = (bytes: Uint8Array): void => {
      expect(() => decodeFrame(bytes)).not.toThrow();
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), read));
    fc.assert(
      fc.property(frames, fc.array(fc.tuple(fc.nat(120), fc.nat(255))), (frame, changes) => {
        const bytes = encodeFrame(frame);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        read(bytes.subarray(0, bytes.length - (changes.length % 5)));
      }),
    );
  });

  test("of an ICMP error quote the packet's header and eight bytes", () => {
    const head = {
      source: ipv4("10.0.0.1"),
      destination: ipv4("10.0.0.2"),
      tos: 0,
      id: 7,
      dontFragment: false,
      ttl: 1,
    };
    const about: Packet = {
      kind: "ipv4",
      ...head,
      protocol: 17,
      payload: { kind: "udp", sourcePort: 5, destinationPort: 33_434, data: new Uint8Array(40) },
    };
    const payload: Packet = {
      kind: "ipv4",
      ...head,
      protocol: 1,
      payload: { kind: "icmp-error", type: 11, code: 0, mtu: 0, about },
    };
    const frame: Frame = { destination: 1 as Mac, source: 2 as Mac, vlan: 0, payload };
    expect(frameLength(frame)).toBe(14 + 20 + 8 + 20 + 8);
    const read = decodeFrame(encodeFrame(frame));
    expect(read?.payload).toMatchObject({
      payload: {
        kind: "icmp-error",
        type: 11,
        about: { ...head, payload: { sourcePort: 5, destinationPort: 33_434 } },
      },
    });
  });
});

test("tcpdump reads a capture, with right checksums, as we describe it", (context) => {
  needs(context, "tcpdump");
  const plain = fc.sample(frames, { numRuns: 200, seed: 5 }).filter(({ payload }) => payload.kind === "ipv4");
  const folder = mkdtempSync(join(tmpdir(), "virtlab-pcap-"));
  try {
    const file = join(folder, "capture.pcap");
    writeFileSync(file, pcap(plain.map((frame, at) => ({ time: at * 1000, frame }))));
    const { stdout, stderr, status } = spawnSync(pathOf("tcpdump"), ["-nn", "-vv", "-r", file], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    expect(stdout).not.toMatch(/bad (cksum|udp cksum)|cksum 0x[0-9a-f]+ \(incorrect|wrong icmp cksum|truncated/);
    expect(stdout.match(/\bproto (TCP|UDP|ICMP|unknown)/g)!.length).toBe(plain.length);
    for (const { payload } of plain) {
      if (payload.kind === "ipv4") expect(stdout).toContain(formatIpv4(payload.source));
    }
    expect(plain.map(describeFrame)).toHaveLength(plain.length);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
