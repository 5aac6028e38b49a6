/* Much code, each of it executed once: what getting at it costs. Jumps lead to each page's, so that it is translated there. */
#include "board.h"

uint64_t program(void) {
  register uint64_t a __asm__("a0") = 1;
  register uint64_t b __asm__("a1") = 3;
  static uint64_t data[64];
  register uint64_t *at __asm__("a2") = data;
  __asm__ volatile(
      ".rept 12000\n"
      "  ld a3, 8(%2)\n"
      "  addi %0, %0, 17\n"
      "  slli a4, %0, 3\n"
      "  xor %1, %1, a4\n"
      "  sd %1, 16(%2)\n"
      "  bltu %1, zero, 1f\n"
      "  mul a3, a3, %0\n"
      "  add %0, %0, a3\n"
      "1:srli a5, %0, 21\n"
      "  lw a6, 24(%2)\n"
      "  sub %1, %1, a5\n"
      "  bne zero, zero, 2f\n"
      "  andi a4, a6, 255\n"
      "2:addw a5, a5, a4\n"
      "  sw a5, 32(%2)\n"
      "  or %0, %0, a5\n"
      "  j 3f\n"
      "3:\n"
      ".endr\n"
      : "+r"(a), "+r"(b)
      : "r"(at)
      : "a3", "a4", "a5", "a6", "memory");
  return a ^ b;
}
