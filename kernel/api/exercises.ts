import { workbook, type Workbook } from "../../sim/lab/index.js";

/** The exercises of this session: a kernel has one student. */
const book = workbook();

/** Records what you expect, under the exercise's name; `reveal` compares. Predicting again replaces it. */
export const predict: Workbook["predict"] = (id, value) => book.predict(id, value);

/** Puts your prediction beside what came out, and names the step where they part. */
export const reveal: Workbook["reveal"] = (id, actual, options) => book.reveal(id, actual, options);

/** Runs the public examples of an exercise on your function and says what to look at next. */
export const check: Workbook["check"] = (id, solution) => book.check(id, solution);

/** What an exercise asks for. */
export const problem: Workbook["problem"] = (id) => book.problem(id);

/** A hint for an exercise: `hint("12-thin")`, then `hint("12-thin", 2)`, … */
export const hint: Workbook["hint"] = (id, n) => book.hint(id, n);

/** Your function where it passes the public checks, else the course's, so that you can go on either way. */
export const checkpoint: Workbook["checkpoint"] = (id, solution) => book.checkpoint(id, solution);

/** States what an experiment has shown, and throws where a statement does not hold. */
export const claim: Workbook["claim"] = (id, statements) => book.claim(id, statements);
