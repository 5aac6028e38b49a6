import type { Link } from "./devices/link.js";

/** What a link's end asks the machine that it belongs to. */
export interface EndOwner {
  /** Whether a replay shows again what was before. */
  replaying(): boolean;
  /** How many nanoseconds the machine is ahead of its world. */
  ahead(): number;
  /** Has something happen that comes from outside. */
  input(apply: () => void): void;
}

/**
 * A link as a machine that can go back uses it: frames that come are its inputs. What a replay sends was sent before; what comes
 * from others meanwhile finds nobody.
 */
export function endOf(link: Link, owner: EndOwner): Link {
  return {
    plug(receive) {
      const send = link.plug((frame) => {
        if (owner.replaying()) return;
        owner.input(() => {
          receive(frame);
        });
      });
      return (frame) => {
        if (!owner.replaying()) send(frame, owner.ahead());
      };
    },
  };
}
