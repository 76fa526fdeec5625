import { setTimeout } from 'node:timers/promises';

/** Waits until `condition` holds, asking every few milliseconds. @throws when it does not within 10 seconds */
export async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const start = performance.now();
  while (!(await condition())) {
    if (performance.now() - start > 10_000) throw new Error(`Waited 10 seconds in vain until ${what}.`);
    await setTimeout(5);
  }
}
