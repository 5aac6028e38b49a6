/** What the type checker learns of the names that the kernel adds to the cells' global scope. */
export const cellGlobals = `
/**
 * Asks the user for a line of text and waits for it.
 * @param defaultValue what an empty answer stands for
 * @returns null where the user ended the input
 */
declare function prompt(message?: string, defaultValue?: string): string | null;
/** Asks a question that is answered by y or n, and waits. */
declare function confirm(message?: string): boolean;
/** Shows a message and waits until the user confirms it. */
declare function alert(message?: string): void;
`;
