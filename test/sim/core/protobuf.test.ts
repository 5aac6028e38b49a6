import fc from "fast-check";
import { expect, test } from "vitest";
import { ProtobufError, ProtobufMessage, readProtobuf, varintsOf } from "../../../sim/core/index.js";

test("what is written is what is read", () => {
  const field = fc.integer({ min: 1, max: 2 ** 29 - 1 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(field, fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.uint8Array()))),
      (all) => {
        const message = new ProtobufMessage();
        for (const [number, value] of all)
          if (typeof value === "bigint") message.varint(number, value);
          else message.bytes(number, value);
        const read = readProtobuf(message.done, "M").map(({ number, wire, value, bytes }) => [
          number,
          wire === 0 ? BigInt.asIntN(64, value) : Uint8Array.from(bytes),
        ]);
        expect(read).toEqual(all);
      },
    ),
  );
});

test("the examples of the encoding's documentation", () => {
  expect(new ProtobufMessage().varint(1, 150).done).toEqual(Uint8Array.of(0x08, 0x96, 0x01));
  expect(new ProtobufMessage().text(2, "testing").done).toEqual(
    Uint8Array.of(0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67),
  );
  expect(new ProtobufMessage().varint(1, -2).done).toEqual(
    Uint8Array.of(0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
  );
  const [packed] = readProtobuf(Uint8Array.of(0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05), "Test");
  expect(packed && varintsOf(packed)).toEqual([3n, 270n, 86942n]);
});

test("what is no message is an error, whatever it is", () => {
  const wrong = (...bytes: number[]): string => {
    try {
      readProtobuf(Uint8Array.from(bytes), "Pod");
      return "";
    } catch (error) {
      expect(error).toBeInstanceOf(ProtobufError);
      return (error as Error).message;
    }
  };
  expect(wrong(0x08)).toBe("unexpected EOF");
  expect(wrong(0x12, 0x07, 0x74)).toBe("unexpected EOF");
  expect(wrong(0x00, 0x01)).toBe("proto: Pod: illegal tag 0 (wire type 0)");
  expect(wrong(0x0c)).toBe("proto: Pod: wiretype end group for non-group");
  expect(wrong(0x0f)).toBe("proto: illegal wireType 7");
  expect(wrong(0x08, ...Array.from({ length: 11 }, () => 0xff))).toBe("proto: integer overflow");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      wrong(...bytes);
    }),
  );
});
