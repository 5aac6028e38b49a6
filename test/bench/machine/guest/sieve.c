/* How many primes there are below two million, again and again. */
#include "board.h"
#define ROUNDS 6
#define LIMIT 2000000

static uint8_t composite[LIMIT];

uint64_t program(void) {
  uint64_t primes = 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < LIMIT; i++) composite[i] = 0;
    for (int i = 2; i < LIMIT; i++) {
      if (composite[i]) continue;
      primes++;
      for (int j = 2 * i; j < LIMIT; j += i) composite[j] = 1;
    }
  }
  return primes;
}
