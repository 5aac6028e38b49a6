import type { Kinds } from "../../client/types.js";
import { equal } from "../../objects/value.js";

export type Endpoint = Kinds["endpointslices"]["endpoints"][number];

/** A slice as far as packing is concerned. */
export interface Packed {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

export interface Packing {
  readonly create: readonly (readonly Endpoint[])[];
  readonly update: readonly Packed[];
  readonly remove: readonly string[];
}

/** What makes an endpoint the same one although its conditions change. */
const identity = ({ targetRef, addresses }: Endpoint): string => `${targetRef?.uid ?? ""} ${addresses.join(",")}`;

/**
 * Puts endpoints into slices so that few slices are written, not so that few there are (KEP-752, kubernetes' `endpointslice`, reconciler).
 * What a slice holds already stays in it. New endpoints fill the slices that must be written anyway, the fullest first; what is left
 * goes into one slice that was fine as it was, if all of it fits there, else into new ones. So a rolling update writes about as many
 * slices as there are changes, at the price of slices half empty; to repack them would send all of them to all nodes.
 *
 * @param most endpoints in a slice
 */
export function pack(wanted: readonly Endpoint[], slices: readonly Packed[], most: number): Packing {
  const left = new Map(wanted.map((endpoint) => [identity(endpoint), endpoint]));
  const touched: { name: string; endpoints: Endpoint[] }[] = [];
  let fine: Packed[] = [];
  const remove: string[] = [];
  for (const slice of slices) {
    let changed = false;
    const endpoints: Endpoint[] = [];
    for (const endpoint of slice.endpoints) {
      const id = identity(endpoint);
      const now = left.get(id);
      left.delete(id);
      if (now === undefined || !equal(now, endpoint)) changed = true;
      if (now !== undefined) endpoints.push(now);
    }
    if (!changed && endpoints.length > 0) fine.push(slice);
    else if (endpoints.length > 0) touched.push({ name: slice.name, endpoints });
    else remove.push(slice.name);
  }
  const rest = [...left.values()];
  const byFill = touched.toSorted((a, b) => b.endpoints.length - a.endpoints.length);
  for (const slice of byFill) slice.endpoints.push(...rest.splice(0, Math.max(0, most - slice.endpoints.length)));
  const create: (readonly Endpoint[])[] = [];
  while (rest.length > 0) {
    const room = fine
      .filter(({ endpoints }) => rest.length < most && endpoints.length + rest.length <= most)
      .toSorted((a, b) => b.endpoints.length - a.endpoints.length)[0];
    if (room === undefined) create.push(rest.splice(0, most));
    else {
      fine = fine.filter((each) => each !== room);
      touched.push({ name: room.name, endpoints: [...room.endpoints, ...rest.splice(0)] });
    }
  }
  return { create, update: touched, remove };
}
