import { toError } from '../../lambda/errors.ts';
import { handler } from '../../lambda/handler.ts';
import type { Answer, Question } from './lambda-process.ts';

/** The process behind `startLambdaProcess`: each message is an invocation. */
process.on('message', ({ number, event, remainingMs }: Question) => {
  const endsAt = performance.now() + remainingMs;
  handler(event, { getRemainingTimeInMillis: () => endsAt - performance.now() }).then(
    (result) => {
      answer({ number, result });
    },
    (thrown: unknown) => {
      const { name, message, code } = toError(thrown) as Error & { code?: unknown };
      answer({ number, error: { name, message, code } });
    },
  );
});

// Without its parent there is nobody to invoke it.
process.on('disconnect', () => process.exit());

const answer = (message: Answer): void => void process.send?.(message);
