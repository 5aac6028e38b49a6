import type { Link, Send } from "../../sim/machine/index.js";

const etherType = { ipv4: 0x0800, arp: 0x0806 } as const;
const icmp = { protocol: 1, echoReply: 0, echoRequest: 8 } as const;
const headers = { ethernet: 14, ipv4: 20 } as const;

/** The Internet checksum (RFC 1071): 0 over what contains its own right one. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A host on an Ethernet that answers ARP requests for its address (RFC 826) and echo requests to it (RFC 792), if they are right. */
export class EchoHost {
  readonly answered: { arp: number; echo: number } = { arp: 0, echo: 0 };
  readonly #hardware: readonly number[];
  readonly #address: readonly number[];
  readonly #send: Send;

  constructor(link: Link, host: { readonly hardware: readonly number[]; readonly address: readonly number[] }) {
    this.#hardware = host.hardware;
    this.#address = host.address;
    this.#send = link.plug((frame) => {
      this.#receive(frame.slice());
    });
  }

  #receive(frame: Uint8Array): void {
    if (frame.length < headers.ethernet || !this.#isOurs(frame.subarray(0, 6))) return;
    const view = new DataView(frame.buffer);
    const payload = frame.subarray(headers.ethernet);
    const type = view.getUint16(12);
    if (!(type === etherType.arp ? this.#answerArp(payload) : type === etherType.ipv4 && this.#answerEcho(payload)))
      return;
    frame.copyWithin(0, 6, 12);
    frame.set(this.#hardware, 6);
    this.#send(frame);
  }

  #isOurs(destination: Uint8Array): boolean {
    return destination.every((byte) => byte === 0xff) || destination.every((byte, at) => byte === this.#hardware[at]);
  }

  /** Makes a request into its answer, if it is one for this host. */
  #answerArp(packet: Uint8Array): boolean {
    // Ethernet, IPv4, their addresses' lengths, a request.
    const isRequest = [0, 1, 8, 0, 6, 4, 0, 1].every((byte, at) => packet[at] === byte);
    if (packet.length < 28 || !isRequest || !this.#address.every((byte, at) => packet[24 + at] === byte)) return false;
    packet.copyWithin(18, 8, 18);
    packet.set(this.#hardware, 8);
    packet.set(this.#address, 14);
    packet[7] = 2;
    this.answered.arp++;
    return true;
  }

  #answerEcho(packet: Uint8Array): boolean {
    const view = new DataView(packet.buffer, packet.byteOffset);
    if (packet.length < headers.ipv4 + 8 || packet[0] !== 0x45 || packet[9] !== icmp.protocol) return false;
    const message = packet.subarray(headers.ipv4, view.getUint16(2));
    if (!this.#address.every((byte, at) => packet[16 + at] === byte) || message[0] !== icmp.echoRequest) return false;
    if (checksum(packet.subarray(0, headers.ipv4)) !== 0 || checksum(message) !== 0) return false;
    packet.copyWithin(16, 12, 16);
    packet.set(this.#address, 12);
    // Addresses that change places don't change the sum.
    message[0] = icmp.echoReply;
    message.fill(0, 2, 4);
    new DataView(message.buffer, message.byteOffset).setUint16(2, checksum(message));
    this.answered.echo++;
    return true;
  }
}
