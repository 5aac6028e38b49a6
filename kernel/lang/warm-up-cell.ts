/** What cells are made of. */
export const warmUpCell = `
interface Host { readonly name: string; memory: number; tags?: string[] }
const hosts: Host[] = [{ name: "a", memory: 1 }, { name: "b", memory: 2, tags: ["x"] }];
function heaviest<T extends Host>(list: readonly T[]): T | undefined {
  return [...list].sort((one, other) => other.memory - one.memory)[0];
}
class Rack { constructor(readonly hosts: Host[]) {} get total(): number { return this.hosts.reduce((sum, { memory }) => sum + memory, 0); } }
const shares = new Map(hosts.map((host) => [host.name, host.memory / new Rack(hosts).total]));
for (const [name, share] of shares) console.log(\`\${name}: \${share.toFixed(2)}\`);
const later = await Promise.resolve({ ...heaviest(hosts), at: new Date() });`;
