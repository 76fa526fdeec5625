/** How far a request gets before the fault: not to the service; handled but not answered; half of the answer sent. */
export type FaultPoint = 'before-handling' | 'before-headers' | 'mid-body';

/** What can go wrong between a client and a service. The model handles the request wherever the name does not say otherwise. */
export type WireFault =
  /** Something in front answers; the service never sees the request. `body` is sent as it is, an object as JSON. */
  | {
      readonly fault: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
      readonly afterMs?: number;
    }
  /** The connection is reset. With `before-headers`, what was sent has taken effect all the same. */
  | { readonly fault: 'reset'; readonly at: FaultPoint }
  /** Nothing more comes and the connection stays open, until the client gives up or the server closes. */
  | { readonly fault: 'hang'; readonly at: FaultPoint }
  /** The right status and headers, but the body ends half-way as if it were complete. */
  | { readonly fault: 'truncate' }
  /** The whole answer comes, its body trickling over `bodyMs`. */
  | { readonly fault: 'slow'; readonly bodyMs: number }
  /** The answer comes late. */
  | { readonly fault: 'delay'; readonly ms: number }
  /** The service's own body, changed. */
  | { readonly fault: 'rewrite'; readonly body: (body: unknown) => unknown };

/** A proxy's HTML page, with the status some proxies give it. */
export function htmlPage(status: 200 | 502 | 503 | 504): WireFault {
  const body = `<!DOCTYPE html><html><head><title>${status}</title></head><body><h1>nginx</h1></body></html>`;
  return { fault: 'answer', status, headers: { 'content-type': 'text/html' }, body };
}

/** A JSON object with at least `bytes` bytes more than it had. */
export function oversize(bytes: number): WireFault {
  return { fault: 'rewrite', body: (body) => ({ ...(body as object), padding: 'x'.repeat(bytes) }) };
}

/** Decides for each request whether, and how, it goes wrong. */
export interface Faults<Request, Fault> {
  /** Asked for every request, before the queued ones; later hooks do not replace earlier ones. */
  always(hook: (request: Request) => Fault | undefined): void;
  /** Goes wrong in this way for the next `times` requests that match. Queued faults are used up in order. */
  next(fault: Fault, options?: { readonly times?: number; readonly match?: (request: Request) => boolean }): void;
  /** Everything works again; requests that hang stay hanging. */
  clear(): void;
  /** The fault for this request, if any; uses up queued ones. For servers. */
  take(request: Request): Fault | undefined;
}

/** No faults yet. */
export function faults<Request, Fault>(): Faults<Request, Fault> {
  let hooks: ((request: Request) => Fault | undefined)[] = [];
  let queue: { fault: Fault; left: number; match: (request: Request) => boolean }[] = [];
  return {
    always: (hook) => void hooks.push(hook),
    next: (fault, { times = 1, match = () => true } = {}) => void queue.push({ fault, left: times, match }),
    clear: () => {
      hooks = [];
      queue = [];
    },
    take: (request) => {
      for (const hook of hooks) {
        const fault = hook(request);
        if (fault !== undefined) return fault;
      }
      const entry = queue.find(({ match }) => match(request));
      if (entry === undefined) return undefined;
      entry.left -= 1;
      if (entry.left === 0) queue = queue.filter((other) => other !== entry);
      return entry.fault;
    },
  };
}
