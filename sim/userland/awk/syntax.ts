/** The tree of a program of awk: XCU, "awk", "Grammar". */

export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "expression"; readonly pattern: string }
  | Target
  | { readonly kind: "group"; readonly inner: Expression }
  | { readonly kind: "assign"; readonly operator: string; readonly target: Target; readonly value: Expression }
  | { readonly kind: "step"; readonly by: 1 | -1; readonly before: boolean; readonly target: Target }
  | { readonly kind: "choose"; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly kind: "logic"; readonly operator: "&&" | "||"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "in"; readonly subscripts: readonly Expression[]; readonly array: string }
  | { readonly kind: "match"; readonly not: boolean; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "unary"; readonly operator: "!" | "-" | "+"; readonly operand: Expression }
  | { readonly kind: "call"; readonly name: string; readonly values: readonly Expression[] }
  | { readonly kind: "builtin"; readonly name: string; readonly values: readonly Expression[] }
  | {
      readonly kind: "getline";
      /** Where from: the main input, a file, a command. */
      readonly from: "input" | "file" | "command";
      readonly source: Expression | undefined;
      readonly target: Target | undefined;
    };

/** What can be assigned to. */
export type Target =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "field"; readonly number: Expression }
  | { readonly kind: "element"; readonly array: string; readonly subscripts: readonly Expression[] };

export interface Redirection {
  readonly operator: ">" | ">>" | "|";
  readonly to: Expression;
}

export type Statement =
  | { readonly kind: "block"; readonly body: readonly Statement[] }
  | { readonly kind: "evaluate"; readonly value: Expression }
  | {
      readonly kind: "print" | "printf";
      readonly values: readonly Expression[];
      readonly redirection: Redirection | undefined;
    }
  | { readonly kind: "if"; readonly test: Expression; readonly yes: Statement; readonly no: Statement | undefined }
  | { readonly kind: "while"; readonly test: Expression; readonly body: Statement }
  | { readonly kind: "do"; readonly test: Expression; readonly body: Statement }
  | {
      readonly kind: "for";
      readonly first: Statement | undefined;
      readonly test: Expression | undefined;
      readonly step: Statement | undefined;
      readonly body: Statement;
    }
  | { readonly kind: "each"; readonly name: string; readonly array: string; readonly body: Statement }
  | { readonly kind: "delete"; readonly array: string; readonly subscripts: readonly Expression[] | undefined }
  | { readonly kind: "exit" | "return"; readonly value: Expression | undefined }
  | { readonly kind: "next" | "nextfile" | "break" | "continue" };

export interface AwkFunction {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly body: Statement;
}

/** A rule: without a body it prints; with an end, it goes from a record to another. */
export interface Rule {
  readonly begin: Expression | undefined;
  readonly end: Expression | undefined;
  readonly body: Statement | undefined;
}

export interface Program {
  readonly begin: readonly Statement[];
  readonly rules: readonly Rule[];
  readonly end: readonly Statement[];
  readonly functions: ReadonlyMap<string, AwkFunction>;
}

/** A program that isn't one: `line 3: syntax error at or near }`. */
export class AwkSyntaxError extends Error {
  override readonly name = "AwkSyntaxError";
}
