export { readTar } from "../../../userland/index.js";
