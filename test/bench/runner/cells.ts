/** Cells of a notebook that each declare something and lean on the one before. */
export function declaring(cell: number): string {
  const before = cell === 0 ? "0" : `v${cell - 1}`;
  if (cell % 3 === 0)
    return `const v${cell}: number = ${before} + 1;\nfunction f${cell}(x: number): number { return x * v${cell}; }`;
  if (cell % 3 === 1)
    return `class C${cell} { constructor(readonly a = f${cell - 1}(2)) {} }\nconst v${cell} = new C${cell}().a;`;
  return `interface I${cell} { a: number; b: string }\nlet v${cell} = ${before} + 1;\nconst o${cell}: I${cell} = { a: v${cell}, b: "x" };`;
}

/** A loop at the top level. */
export const tenMillion = "let sum = 0; for (let i = 0; i < 10_000_000; i++) sum += i;";

/** The same; it prints how long the loop took, in ms, by its own clock. */
export const tenMillionTimed: string = `const begin = performance.now(); ${tenMillion} console.log(performance.now() - begin);`;

/** The typed cell of seven lines; a different cell for each `variant`, so that nothing answers it from a cache. */
export const sevenLines = (variant: number): string => `interface Vm { name: string; weight: number }
const vms: Vm[] = [{ name: "a", weight: ${variant} }, { name: "b", weight: 2 }];
const total: number = vms.reduce((sum, vm) => sum + vm.weight, 0);
function share(vm: Vm): number { return vm.weight / total; }
const shares = new Map(vms.map((vm) => [vm.name, share(vm)]));
for (const [name, part] of shares) console.log(name, part.toFixed(2));
shares.get("b");`;
