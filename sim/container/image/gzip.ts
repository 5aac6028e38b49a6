export { gunzip, gzip, isGzip } from "../../userland/index.js";
