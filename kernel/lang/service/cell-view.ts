import type ts from "typescript";

/** A cell that is open in the language service. */
export interface CellView {
  readonly service: ts.LanguageService;
  readonly file: string;
  readonly source: string;
  /** Where the cell begins in the file. */
  readonly shift: number;
}
