/** The typed cell of seven lines; a different cell for each `variant`, so that nothing answers it from a cache. */
export const sevenLines = (variant: number): string => `interface Vm { name: string; weight: number }
const vms: Vm[] = [{ name: "a", weight: ${variant} }, { name: "b", weight: 2 }];
const total: number = vms.reduce((sum, vm) => sum + vm.weight, 0);
function share(vm: Vm): number { return vm.weight / total; }
const shares = new Map(vms.map((vm) => [vm.name, share(vm)]));
for (const [name, part] of shares) console.log(name, part.toFixed(2));
shares.get("b");`;
