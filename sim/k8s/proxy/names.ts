import { encodeUtf8 } from "../../core/index.js";
import { digestOf } from "../../container/index.js";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/**
 * The 16 characters by which chains of a service's port differ: of base 32 (RFC 4648) of the SHA-256 of all that names it (kubernetes,
 * `pkg/proxy/iptables/proxier.go`, portProtoHash and servicePortEndpointChainName).
 */
export function hashOf(...parts: readonly string[]): string {
  const hex = digestOf(encodeUtf8(parts.join(""))).slice("sha256:".length);
  let hash = "";
  // 80 bits are 20 digits, and four characters of five bits for each five digits.
  for (let group = 0; group < 4; group++) {
    const bits = parseInt(hex.slice(group * 5, group * 5 + 5), 16);
    for (const shift of [15, 10, 5, 0]) hash += alphabet[(bits >>> shift) & 31] ?? "";
  }
  return hash;
}
