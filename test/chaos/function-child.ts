import { randomUUID } from 'node:crypto';
import type { handler as Handler } from '../../lambda/handler.ts';
import type { Answer, Question } from './function-process.ts';

// The built bundle, as Lambda would load it; its path comes as the only argument.
const { handler } = (await import(process.argv[2] ?? '')) as { readonly handler: typeof Handler };

process.on('message', ({ number, event, remainingMs }: Question) => {
  const answer = (outcome: Omit<Answer, 'number'>): void => void process.send?.({ number, ...outcome });
  handler(event, { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => remainingMs }).then(
    (summary) => {
      answer({ summary: summary as NonNullable<Answer['summary']> });
    },
    (error: unknown) => {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      answer({ error: { name, message } });
    },
  );
});
// Without its parent there is nobody to invoke it.
process.on('disconnect', () => process.exit());
process.send?.('ready');
