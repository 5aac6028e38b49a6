import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, encode } from "../../../kernel/wire/framing.js";
import { readIncoming } from "../../../kernel/wire/incoming.js";
import type { Header, Message } from "../../../kernel/wire/index.js";
import { createSigner } from "../../../kernel/wire/signing.js";

const signer = createSigner("hmac-sha256", "key");
const header: Header = {
  msg_id: "1",
  session: "s",
  username: "u",
  date: "2026-01-01T00:00:00.000Z",
  msg_type: "execute_request",
  version: "5.5",
};
const content = { code: "1 + 1" };
const message = { identities: [Buffer.from("me")], header, parent_header: {}, metadata: {}, content, buffers: [] };

function signed(...json: string[]): Buffer[] {
  const frames = json.map((part) => Buffer.from(part));
  return [Buffer.from("<IDS|MSG>"), Buffer.from(signer.sign(frames)), ...frames];
}

describe("framing", () => {
  test("what is encoded decodes to the same, buffers and astral characters included", () => {
    const json = fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue());
    const bytes = fc.uint8Array({ maxLength: 50 });
    fc.assert(
      fc.property(json, json, fc.array(bytes), fc.array(bytes), (metadata, body, buffers, identities) => {
        const sent = { ...message, metadata, content: body, identities, buffers };
        fc.pre(!identities.some((each) => Buffer.from(each).toString() === "<IDS|MSG>"));
        const received = encode(sent, signer).map((frame) => (typeof frame === "string" ? Buffer.from(frame) : frame));
        const decoded = decode(received, signer);
        expect(decoded.ok && decoded.message.header).toEqual(header);
        const plain = (value: object): unknown => JSON.parse(JSON.stringify(value));
        expect(decoded.ok && decoded.message.content).toEqual(plain(body));
        expect(decoded.ok && decoded.message.metadata).toEqual(plain(metadata));
        expect(decoded.ok && decoded.message.buffers).toEqual(buffers);
        expect(decoded.ok && decoded.message.identities).toEqual(identities);
      }),
      { seed: 1 },
    );
  });

  test.each<[string, Buffer[], string]>([
    ["nothing", [], "no delimiter"],
    ["no delimiter", [Buffer.from("x")], "no delimiter"],
    ["too few frames", signed("{}", "{}", "{}"), "3 of 4 JSON frames"],
    ["truncated JSON", signed('{"msg_id":"1"', "{}", "{}", "{}"), "the header is no JSON object"],
    ["not UTF-8", [...signed("{}", "{}", "{}")], "3 of 4"],
    ["an array for content", signed(JSON.stringify(header), "{}", "{}", "[]"), "the content is no JSON object"],
    ["no msg_type", signed('{"msg_id":"1","session":"s"}', "{}", "{}", "{}"), "lacks msg_id, msg_type or session"],
  ])("refuses %s with a reason", (_, frames, reason) => {
    const decoded = decode(frames, signer);
    expect(decoded.ok).toBe(false);
    expect(!decoded.ok && decoded.reason).toContain(reason);
  });

  test("refuses bytes that are not UTF-8", () => {
    const frames = [Buffer.from([0x7b, 0xff, 0x7d]), ...["{}", "{}", "{}"].map((part) => Buffer.from(part))];
    const decoded = decode([Buffer.from("<IDS|MSG>"), Buffer.from(signer.sign(frames)), ...frames], signer);
    expect(!decoded.ok && decoded.reason).toBe("the header is no JSON object");
  });

  test("one flipped bit anywhere behind the delimiter is refused or changes no signed frame", () => {
    const frames = encode(message, signer);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: frames.length - 1 }), fc.nat(), fc.nat(7), (index, position, bit) => {
        const broken = frames.map((frame) => Buffer.from(frame));
        const frame = broken[index]!;
        frame[position % frame.length]! ^= 1 << bit;
        expect(decode(broken, signer).ok).toBe(false);
      }),
      { seed: 2 },
    );
  });

  test("random frames never throw", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), fc.boolean(), (random, marked) => {
        const frames = marked ? [Buffer.from("<IDS|MSG>"), ...random] : random;
        expect(decode(frames, signer).ok).toBe(false);
      }),
      { seed: 3, numRuns: process.env["VIRTLAB_LONG"] === "1" ? 100_000 : 2_000 },
    );
  });
});

describe("incoming", () => {
  const read = (msg_type: string, fields: object): ReturnType<typeof readIncoming> =>
    readIncoming({ ...message, header: { ...header, msg_type }, content: { ...fields } } satisfies Message);

  test("fills what the protocol lets a client leave out", () => {
    const result = read("execute_request", { code: "x", silent: true });
    expect(result.ok && result.message.content).toEqual({
      code: "x",
      silent: true,
      store_history: false,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    });
  });

  test.each<[string, object, string]>([
    ["execute_request", {}, '"code" is not a string'],
    ["execute_request", { code: 1 }, '"code" is not a string'],
    ["execute_request", { code: "", silent: 1 }, '"silent" is not true or false'],
    ["execute_request", { code: "", user_expressions: { a: 1 } }, '"user_expressions.a" is not a string'],
    ["complete_request", { code: "", cursor_pos: 1.5 }, '"cursor_pos" is not an integer'],
    ["history_request", { hist_access_type: "all" }, '"hist_access_type" is not one of range, tail, search'],
    ["comm_open", { comm_id: "1", target_name: "t", data: [] }, '"data" is not an object'],
    ["no_such_request", {}, 'unknown message type "no_such_request"'],
    ["toString", {}, 'unknown message type "toString"'],
  ])("refuses %s %j", (type, fields, reason) => {
    const result = read(type, fields);
    expect(!result.ok && result.reason).toContain(reason);
  });

  test("any content is read or refused, never thrown at", () => {
    const types = ["execute_request", "inspect_request", "history_request", "comm_msg", "input_reply", "comm_close"];
    const names = ["code", "cursor_pos", "silent", "data", "value", "comm_id", "user_expressions", "n"];
    const fields = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
    fc.assert(
      fc.property(fc.constantFrom(...types), fields, (type, content) => {
        expect(typeof read(type, content).ok).toBe("boolean");
      }),
      { seed: 4 },
    );
  });
});
