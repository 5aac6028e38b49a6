/* CRC-32 by a table of 256 words (ISO 3309). */
#include "board.h"
#define SIZE 65536

static uint32_t words[256];
static uint8_t data[SIZE];

uint64_t program(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t word = i;
    for (int bit = 0; bit < 8; bit++) word = word >> 1 ^ (word & 1 ? 0xedb88320 : 0);
    words[i] = word;
  }
  for (uint32_t i = 0; i < SIZE; i++) data[i] = i * 2654435761u >> 24;
  uint32_t crc = 0xffffffff;
  for (int round = 0; round < 700; round++)
    for (int i = 0; i < SIZE; i++) crc = words[(crc ^ data[i]) & 255] ^ crc >> 8;
  return ~crc;
}
