/* Hoare's quicksort of random numbers, again and again. */
#include "board.h"
#define SIZE 200000

static int64_t numbers[SIZE];

static void sort(int64_t *low, int64_t *high) {
  while (low < high) {
    int64_t pivot = low[(high - low) / 2], *i = low - 1, *j = high + 1;
    for (;;) {
      while (*++i < pivot) {
      }
      while (*--j > pivot) {
      }
      if (i >= j) break;
      int64_t held = *i;
      *i = *j;
      *j = held;
    }
    sort(low, j);
    low = j + 1;
  }
}

uint64_t program(void) {
  uint64_t random = 1, total = 0;
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < SIZE; i++) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      numbers[i] = (int64_t)random >> 20;
    }
    sort(numbers, numbers + SIZE - 1);
    for (int i = 0; i < SIZE; i++) total = total * 31 + (uint64_t)numbers[i];
  }
  return total;
}
