import { Dispatcher } from 'undici';

/** What comes back over the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** `cut`: the connection breaks in the middle of the body. `drips`: the body never ends. */
  readonly ends: 'whole' | 'cut' | 'drips';
}

/**
 * @param path as sent, query included
 * @param signal aborts when the client gives up
 * @throws what the client's `request` rejects with
 */
export type Exchange = (path: string, signal: AbortSignal) => Promise<WireAnswer>;

/** Stands in for undici's `Agent`: everything of the client runs but the sockets. */
export class SimulatedConnection extends Dispatcher {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    super();
    this.#exchange = exchange;
  }

  override dispatch({ path }: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const ended = new AbortController();
    const fail = (error: Error): void => {
      if (ended.signal.aborted) return;
      ended.abort(error);
      handler.onResponseError?.(controller, error);
    };
    const controller: Dispatcher.DispatchController = {
      get aborted() {
        return ended.signal.aborted;
      },
      paused: false,
      get reason() {
        return ended.signal.aborted ? (ended.signal.reason as Error) : null;
      },
      abort: fail,
      pause: () => undefined,
      resume: () => undefined,
    };
    handler.onRequestStart?.(controller, {});
    if (ended.signal.aborted) return true;
    this.#exchange(path, ended.signal).then(
      ({ status, headers, body, ends }) => {
        if (ended.signal.aborted) return;
        controller.rawHeaders = Object.entries(headers)
          .flat()
          .map((text) => Buffer.from(text));
        handler.onResponseStart?.(controller, status, headers, '');
        const bytes = Buffer.from(body);
        handler.onResponseData?.(controller, ends === 'whole' ? bytes : bytes.subarray(0, bytes.length / 2));
        if (ends === 'whole') handler.onResponseEnd?.(controller, {});
        if (ends === 'cut') fail(reset());
      },
      (error: unknown) => {
        fail(error as Error);
      },
    );
    return true;
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }

  override destroy(): Promise<void> {
    return Promise.resolve();
  }
}

/** The other side broke the connection. */
export const reset = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });

/** Nobody listens there. */
export const refusedConnection = (): Error =>
  Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:443'), { code: 'ECONNREFUSED', syscall: 'connect' });
