/** The context is not a usable deployment. `problems` has one line per key, each beginning with the key. */
export class ContextError extends Error {
  override readonly name = 'ContextError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The context has ${problems.length} problem(s):\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}
