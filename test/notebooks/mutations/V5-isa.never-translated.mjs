// Hot code is interpreted as cold code is.
import { CodePages } from "../../../dist/sim/machine/hart/code-pages.js";

CodePages.prototype.translate = () => undefined;
