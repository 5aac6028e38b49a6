/* A program that ends soon: 3 million instructions of several kinds, with as much code as such programs have. */
#include "board.h"
#define SIZE 3000

static uint32_t numbers[SIZE], sorted[SIZE];
static uint8_t text[SIZE];

static void merge(uint32_t *from, uint32_t *to, int size) {
  for (int width = 1; width < size; width *= 2) {
    for (int low = 0; low < size; low += 2 * width) {
      int middle = low + width < size ? low + width : size;
      int high = low + 2 * width < size ? low + 2 * width : size;
      for (int i = low, j = middle, k = low; k < high; k++)
        to[k] = i < middle && (j >= high || from[i] <= from[j]) ? from[i++] : from[j++];
    }
    for (int i = 0; i < size; i++) from[i] = to[i];
  }
}

static int digits(uint32_t number, uint8_t *at) {
  int length = 0;
  do at[length++] = '0' + number % 10;
  while ((number /= 10) != 0);
  return length;
}

static int matches(const uint8_t *pattern, int length) {
  int found = 0;
  for (int i = 0; i + length <= SIZE; i++) {
    int j = 0;
    while (j < length && text[i + j] == pattern[j]) j++;
    found += j == length;
  }
  return found;
}

uint64_t program(void) {
  uint32_t random = 1;
  uint64_t total = 0;
  for (int i = 0; i < SIZE; i++) numbers[i] = random = random * 1664525 + 1013904223;
  merge(numbers, sorted, SIZE);
  for (int i = 0, at = 0; at + 10 < SIZE; i++) at += digits(numbers[i], text + at);
  for (int i = 0; i < 50; i++) {
    uint8_t pattern[10];
    total = total * 31 + matches(pattern, digits(i, pattern));
  }
  for (int i = 1; i < SIZE; i++) total = total * 31 + (numbers[i] - numbers[i - 1]) / i;
  return total;
}
