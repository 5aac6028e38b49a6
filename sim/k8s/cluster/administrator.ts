import type { User } from "../apiserver/request.js";

/** Who a cell is, and the root of a node. */
export const administrator: User = { name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };

/** What tells the API server so. */
export const administratorToken = "admin";
