export { writeTar } from "../../../userland/index.js";
