import type { GdbStub } from "../../../../sim/machine/index.js";

const sum = (text: string): string => {
  const total = Buffer.from(text, "latin1").reduce((all, byte) => (all + byte) & 255, 0);
  return total.toString(16).padStart(2, "0");
};

/** Bytes of a packet with that content, as a debugger sends it. */
export const framed = (text: string): Buffer => Buffer.from(`$${text}#${sum(text)}`, "latin1");

/** The contents of the packets in some bytes, runs written out and escapes undone; checks their sums. */
export function contents(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString("latin1");
  return [...text.matchAll(/\$([^#]*)#(..)/g)].map(([, body = "", said]) => {
    if (sum(body) !== said) throw new Error(`the checksum of "${body}" is ${sum(body)}, and not ${said ?? ""}`);
    const runs = body.replace(/(.)\*(.)/g, (_, letter: string, count: string) =>
      letter.repeat(count.charCodeAt(0) - 29 + 1),
    );
    return runs.replace(/\}(.)/gs, (_, letter: string) => String.fromCharCode(letter.charCodeAt(0) ^ 0x20));
  });
}

/** Asks a stub, and lets its target run until there is an answer. */
export function ask(stub: GdbStub, text: string): string {
  const [now] = contents(stub.receive(framed(text)));
  if (now !== undefined) return now;
  for (let slices = 0; stub.running && slices < 1000; slices++) {
    const [later] = contents(stub.advance());
    if (later !== undefined) return later;
  }
  return "no answer";
}
