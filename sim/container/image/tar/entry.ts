/** The userland's tar, which layers are made with. */
export { bytesOf, fileEntry, type EntryType, type Extent, type TarEntry } from "../../../userland/index.js";
