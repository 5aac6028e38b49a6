/** Text of UTF-8 without the platform's decoder; a wrong byte becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = "";
  let run: number[] = [];
  const flush = (): void => {
    text += String.fromCharCode(...run);
    run = [];
  };
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i] ?? 0;
    const length =
      first < 0x80
        ? 1
        : first >= 0xc2 && first < 0xe0
          ? 2
          : first >= 0xe0 && first < 0xf0
            ? 3
            : first >= 0xf0 && first < 0xf5
              ? 4
              : 0;
    let code = length === 0 ? 0xfffd : length === 1 ? first : first & (0xff >> (length + 1));
    let used = 1;
    for (; used < length; used++) {
      const next = bytes[i + used] ?? 0;
      if ((next & 0xc0) !== 0x80) break;
      code = (code << 6) | (next & 0x3f);
    }
    const least = [0, 0, 0x80, 0x800, 0x10000][length] ?? 0;
    if (used < length || code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) code = 0xfffd;
    if (code > 0xffff) run.push(0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
    else run.push(code);
    if (run.length > 4096) flush();
    i += used;
  }
  flush();
  return text;
}
