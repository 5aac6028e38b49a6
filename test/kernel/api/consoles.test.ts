import { expect, test, vi } from "vitest";
import { asm, machine, type MachineOptions } from "../../../kernel/api/index.js";

/** Writes "hi" and a newline to the UART, then switches the machine off. */
const program = asm`
    li a0, 0x10000000
    la a1, text
  next:
    lbu a2, 0(a1)
    beqz a2, off
    sb a2, 0(a0)
    addi a1, a1, 1
    j next
  off:
    li a0, 0x100000
    li a1, 0x5555
    sw a1, 0(a0)
  text: .asciz "hi\n"
`;

/** What a run prints. */
function printed(options: Partial<MachineOptions>): string {
  const written: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  try {
    const guest = machine({ program, memory: 2 ** 20, ...options });
    expect(guest.run()).toEqual({ kind: "power-off" });
    expect(guest.console.text).toBe("hi\n");
  } finally {
    write.mockRestore();
  }
  return written.join("");
}

test("what a guest's console shows is printed where the machine runs", () => {
  expect(printed({})).toBe("hi\n");
});

test("unless it is told not to echo", () => {
  expect(printed({ echo: false })).toBe("");
});
