import type { Forwarder } from '../support/forwarder.ts';

/** Which of `rows` CloudTrail has, each as often as it came. */
export const delivered = (forwarder: Forwarder, rows: readonly { readonly key: string }[]) => {
  const wanted = new Set(rows.map(({ key }) => key));
  return forwarder.uids().filter((uid) => wanted.has(uid));
};

/** A run that reads so many pages, and then gets no more from Kong. */
export async function shortRun(forwarder: Forwarder, pages: number, event: unknown = {}): Promise<void> {
  const { kong } = forwarder;
  const until = kong.requests.length + 1 + pages;
  kong.faults.always(() => (kong.requests.length > until ? { fault: 'answer', status: 403 } : undefined));
  await forwarder.invoke(event).catch(() => undefined);
  kong.faults.clear();
}

/** CloudTrail lists the event nowhere, for ever. */
export function neverListed(forwarder: Forwarder, ...ids: readonly string[]): void {
  forwarder.cloudtrail.faults.always(() => ({ fault: 'omit', ids: (id) => ids.includes(id) }));
}
