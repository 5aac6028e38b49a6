import fc from "fast-check";
import { expect, test } from "vitest";
import { plain, v1 } from "../../../kernel/server/kernels/frames.js";

const json = fc.dictionary(fc.string(), fc.jsonValue());
const word = fc.string({ unit: "binary" });
const header = fc.record({ msg_id: word, msg_type: word, session: word, username: word, date: word, version: word });
const buffers = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 4 });
const message = fc.record({
  channel: word,
  header,
  parent_header: fc.constant({}),
  metadata: json,
  content: json,
  buffers,
});

for (const [name, protocol] of [
  ["v1", v1],
  ["the older protocol", plain],
] as const) {
  test(`${name}: what is written is read back`, () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(message, (sent) => {
        const data = protocol.encode(sent);
        const read = protocol.decode(Buffer.from(data), typeof data !== "string");
        const { buffers: got = [], ...rest } = read ?? {};
        const { buffers: wanted, ...fields } = JSON.parse(JSON.stringify(sent)) as typeof sent;
        expect(rest).toEqual(fields);
        expect(got.map((each) => [...each])).toEqual(Object.values(wanted).map((each) => Object.values(each)));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test(`${name}: whatever arrives is a message or refused`, () => {
    expect.hasAssertions();
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      // A whole message with some bytes changed: lengths and offsets above all.
      fc
        .tuple(message, fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }), fc.nat(300))
        .map(([sent, changes, end]) => {
          const data = Buffer.from(protocol.encode(sent));
          for (const [at, byte] of changes) if (at < data.length) data[at] = byte;
          return data.subarray(0, data.length - Math.min(end < 200 ? 0 : end - 200, data.length));
        }),
    );
    fc.assert(
      fc.property(noise, fc.boolean(), (bytes, isBinary) => {
        const read = protocol.decode(Buffer.from(bytes), isBinary);
        expect(read === undefined || typeof read.header.msg_id === "string").toBe(true);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
}
