/** Why the interpreter came back, and the hart is where pc says. */
export const outcomes = {
  /** It executed what it was given. */
  budget: 0,
  /** It came to another page, which it doesn't know, or which is hot, or where a unit begins. */
  page: 1,
  /** The instruction is not one for it: it reaches into the next page, doesn't exist, or was undone by the host. */
  stuck: 2,
  /** It jumped inside the page to where the code says, and a unit begins there, or it was to stop there. */
  jump: 3,
  /** The same at an address that was computed; or it went into a trap or back from one. */
  computed: 4,
  /** The host was asked for something that may have changed what stands between instructions. */
  asked: 5,
} as const;
