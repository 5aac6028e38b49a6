import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createReplayGuard, createSigner } from "../../../kernel/wire/signing.js";

const bytes = (...parts: string[]): Buffer[] => parts.map((part) => Buffer.from(part));

describe("signing", () => {
  test("RFC 4231, test case 2, split over the frames", () => {
    const signer = createSigner("hmac-sha256", "Jefe");
    const signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    expect(signer.sign(bytes("what do ya ", "want ", "for ", "nothing?"))).toBe(signature);
    expect(signer.verify(bytes("what do ya want for nothing?"), Buffer.from(signature))).toBe(true);
  });

  test("another digest that Node has", () => {
    const expected = createHmac("sha512", "k").update("abcd").digest("hex");
    expect(createSigner("hmac-sha512", "k").sign(bytes("a", "b", "c", "d"))).toBe(expected);
  });

  test("one flipped character, a shorter and a longer signature are refused", () => {
    const signer = createSigner("hmac-sha256", "key");
    const frames = bytes("{}", "{}", "{}", "{}");
    const right = signer.sign(frames);
    const flipped = (right.startsWith("0") ? "1" : "0") + right.slice(1);
    for (const wrong of [flipped, right.slice(1), `${right}0`, ""]) {
      expect(signer.verify(frames, Buffer.from(wrong))).toBe(false);
    }
    expect(signer.verify(frames, Buffer.from(right))).toBe(true);
  });

  test("an empty key turns signing off", () => {
    const signer = createSigner("hmac-sha256", "");
    expect(signer.sign(bytes("{}"))).toBe("");
    expect(signer.verify(bytes("{}"), Buffer.from(""))).toBe(true);
  });

  test("an unknown scheme is named", () => {
    expect(() => createSigner("md5", "k")).toThrow('signature scheme "md5"');
    expect(() => createSigner("hmac-nonsense", "k")).toThrow('signature scheme "hmac-nonsense"');
  });
});

describe("replay guard", () => {
  test("admits once, forgets the oldest, lets unsigned messages through", () => {
    const guard = createReplayGuard(2);
    expect(["a", "b", "a"].map((each) => guard.admit(each))).toEqual([true, true, false]);
    expect(guard.admit("c")).toBe(true);
    expect(guard.admit("b")).toBe(false);
    expect(guard.admit("a")).toBe(true);
    expect([guard.admit(""), guard.admit("")]).toEqual([true, true]);
  });
});
