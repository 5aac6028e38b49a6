/* The product of two matrices of NUMBER, ROUNDS times over. */
#include "board.h"
#define N 128

static NUMBER a[N][N], b[N][N], c[N][N];

uint64_t program(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = (i * 7 + j * 3) % 17;
      b[i][j] = (i * 5 + j * 11) % 13;
    }
  for (int round = 0; round < ROUNDS; round++)
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) {
        NUMBER sum = 0;
        for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum;
        a[i][j] = (uint32_t)sum % 17;
      }
  uint64_t total = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) total = total * 31 + (uint64_t)c[i][j];
  return total;
}
