import { createHmac, createSecretKey, getHashes, timingSafeEqual } from "node:crypto";
import { ConnectionError } from "./connection-error.js";

/** A frame of a message; a text stands for its UTF-8. */
export type Frame = Uint8Array | string;

/** Signs the four JSON frames of a message and checks the signatures of others. */
export interface Signer {
  /** Lower-case hexadecimal; empty where the connection has no key. */
  sign(frames: readonly Frame[]): string;
  /** In a time that doesn't tell how much of the signature was right. */
  verify(frames: readonly Uint8Array[], signature: Uint8Array): boolean;
}

/**
 * @param scheme "hmac-sha256" by the protocol; any digest that this Node has may follow "hmac-"
 * @param key the connection file's; an empty one turns signing off, as the protocol has it
 * @throws ConnectionError for another scheme
 */
export function createSigner(scheme: string, key: string): Signer {
  const digest = scheme.startsWith("hmac-") ? scheme.slice("hmac-".length) : "";
  if (!getHashes().includes(digest)) {
    throw new ConnectionError(
      `the signature scheme "${scheme}" is unknown`,
      'Set "signature_scheme" to "hmac-sha256" in the connection file.',
    );
  }
  const secret = key === "" ? undefined : createSecretKey(key, "utf8");
  const sign = (frames: readonly Frame[]): string => {
    if (secret === undefined) return "";
    const hmac = createHmac(digest, secret);
    for (const frame of frames) hmac.update(frame);
    return hmac.digest("hex");
  };
  return {
    sign,
    verify(frames, signature) {
      const expected = Buffer.from(sign(frames), "latin1");
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    },
  };
}

/** Remembers the signatures seen, so that a recorded message can't be played again. */
export interface ReplayGuard {
  /** True the first time; always true for the empty signature. */
  admit(signature: string): boolean;
}

/** @param capacity signatures kept; the oldest give way (ipykernel keeps 65,536 as well) */
export function createReplayGuard(capacity = 65_536): ReplayGuard {
  const seen = new Set<string>();
  return {
    admit(signature) {
      if (signature === "") return true;
      if (seen.has(signature)) return false;
      if (seen.size >= capacity)
        for (const oldest of seen) {
          seen.delete(oldest);
          break;
        }
      seen.add(signature);
      return true;
    },
  };
}
