/**
 * The parser descends into brackets by recursion in native code, where no exception stops it: it ends the process, in
 * a thread of 4 MiB at 1,600 nested functions, at 3,200 of anything else.
 */
const DEEPEST = 1000;

const tokens = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\/.*|\/\*[^]*?\*\/|[()[\]{}]/g;

/**
 * Whether brackets nest deeper than the parser may be given. What is long without brackets (sums, chains of calls,
 * `else if`) it takes in the thousands.
 */
export function nestsTooDeep(source: string): boolean {
  if (source.length <= DEEPEST) return false;
  let depth = 0;
  for (const [token] of source.matchAll(tokens)) {
    if (token.length > 1) continue;
    depth += "([{".includes(token) ? 1 : -1;
    if (depth > DEEPEST) return true;
  }
  return false;
}
