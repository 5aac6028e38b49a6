/* Words of 8,192 pages in an order without a pattern, far more than a TLB knows: page tables are walked again and again. */
#include "board.h"

static volatile uint64_t *word(uint64_t page, uint64_t number) {
  return (volatile uint64_t *)(FAR + (page << 12) + (number << 3));
}

uint64_t program(void) {
  /* A machine leaves things there at power-on. */
  for (int page = 0; page < FAR_PAGES; page++)
    for (int number = 0; number < 512; number++) *word(page, number) = 0;
  uint64_t random = 1, total = 0;
  for (int access = 0; access < 4000000; access++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    volatile uint64_t *at = word(random >> 40 & (FAR_PAGES - 1), random >> 55 & 511);
    total += *at;
    *at = total ^ random;
  }
  return total;
}
