import type { User } from "../apiserver/request.js";

/** Who a cell is. */
export const admin: User = { name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };
