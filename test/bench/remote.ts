import { fork } from 'node:child_process';
import { once } from 'node:events';

/** What a process does for another one: functions of JSON values. */
export type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** A process and its methods. Disposing it ends the process. */
export interface Remote<M extends Methods> extends AsyncDisposable {
  call<Name extends keyof M & string>(name: Name, ...args: Parameters<M[Name]>): Promise<Awaited<ReturnType<M[Name]>>>;
}

interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: unknown[];
}

type Reply = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string };

/** Starts `file` as a process of its own; `execArgv` goes to Node. */
export function startRemote<M extends Methods>(file: string, execArgv: readonly string[] = []): Remote<M> {
  const child = fork(file, { execArgv: [...execArgv] });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;
  let ended: Error | null = null;
  child.on('message', (reply: Reply) => {
    const { id } = reply;
    if ('error' in reply) waiting.get(id)?.reject(new Error(reply.error));
    else waiting.get(id)?.resolve(reply.result);
    waiting.delete(id);
  });
  child.on('exit', (code, signal) => {
    ended = new Error(`${file} ended with ${signal ?? code}`);
    for (const { reject } of waiting.values()) reject(ended);
  });
  return {
    async call(name, ...args) {
      if (ended) throw ended;
      const id = calls++;
      const answer = Promise.withResolvers<unknown>();
      waiting.set(id, answer);
      child.send({ id, name, args } satisfies Call);
      return (await answer.promise) as never;
    },
    async [Symbol.asyncDispose]() {
      if (ended) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** In the process that `startRemote` started: answers its calls until the other side is gone. */
export function answerCalls(methods: Methods): void {
  process.on('disconnect', () => process.exit());
  process.on('message', ({ id, name, args }: Call) => {
    Promise.resolve()
      .then(() => methods[name]?.(...(args as never[])))
      .then(
        (result) => process.send?.({ id, result } satisfies Reply),
        (error: unknown) => process.send?.({ id, error: String(error) } satisfies Reply),
      );
  });
}
