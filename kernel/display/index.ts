export type { MimeBundle } from "./bundle.js";
export { present } from "./present.js";
