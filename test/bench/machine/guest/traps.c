/* Environment calls, which trap to machine mode and come back. */
#include "board.h"
#define TRAPS 1000000

uint64_t program(void) {
  for (int call = 0; call < TRAPS; call++) __asm__ volatile("ecall");
  return TRAPS;
}
