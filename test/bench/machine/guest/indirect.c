/* A small interpreter that calls each of its instructions through a table: a jump in ten goes to an address that is data. */
#include "board.h"

static uint64_t top, other;
static void add(uint64_t n) { top += n; }
static void exclusive(uint64_t n) { top ^= n; }
static void shift(uint64_t n) { top = top << (n & 15) | top >> 49; }
static void swap(uint64_t n) {
  uint64_t held = top;
  top = other + n;
  other = held;
}
static void multiply(uint64_t n) { top *= n | 1; }
static void mix(uint64_t n) { other ^= top + n; }
static void (*const instructions[8])(uint64_t) = {add, exclusive, shift, swap, multiply, mix, add, swap};
static uint8_t code[4096];

uint64_t program(void) {
  uint64_t random = 1;
  for (int i = 0; i < 4096; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    code[i] = random >> 40;
  }
  for (int round = 0; round < 4000; round++)
    for (int i = 0; i < 4096; i++) instructions[code[i] & 7](code[i] >> 3);
  return top ^ other;
}
