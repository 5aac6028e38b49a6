import type { Cursor, Token } from "./cursor.js";
import type { State } from "./state.js";

/** What a directive does; its operands come from the cursor. */
export type Directive = (state: State, cursor: Cursor, word: Token) => void;
