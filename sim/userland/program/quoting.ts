/** A name in quotes, as coreutils put it into messages ('shell-escape-always' where it must be). */
export const quoteName = (name: string): string =>
  name.includes("'") ? (name.includes('"') ? `'${name.replaceAll("'", "'\\''")}'` : `"${name}"`) : `'${name}'`;
