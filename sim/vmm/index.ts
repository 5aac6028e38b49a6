export * from "./popek-goldberg/index.js";
