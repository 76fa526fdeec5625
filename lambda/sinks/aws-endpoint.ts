import { toError } from '../errors.ts';

/** What of an AWS client's middleware stack is used here. */
interface Stack {
  add(
    middleware: () => (args: { readonly request: unknown }) => Promise<never>,
    options: { step: 'build'; name: string },
  ): void;
}

/** For a client whose endpoint is asked for: whether the real ones can be found is another question. */
export const NO_CREDENTIALS = { accessKeyId: 'none', secretAccessKey: 'none' } as const;

/**
 * Where a client sends its requests. The SDK settles that while it prepares a request; `send`'s is taken away before it is signed.
 *
 * @param stack the middleware stack of a client made for this with `NO_CREDENTIALS`
 * @throws what the SDK throws when the settings name no endpoint
 */
export async function findEndpoint(stack: unknown, send: () => Promise<unknown>): Promise<URL> {
  const found: URL[] = [];
  (stack as Stack).add(
    () =>
      ({ request }) => {
        const { protocol, hostname, port } = request as { protocol: string; hostname: string; port?: number };
        found.push(new URL(`${protocol}//${hostname}${port ? `:${port}` : ''}`));
        return Promise.reject(new Error('only rehearsed'));
      },
    { step: 'build', name: 'rehearsal' },
  );
  const failure: unknown = await send().catch((error: unknown) => error);
  return found[0] ?? Promise.reject(toError(failure));
}
