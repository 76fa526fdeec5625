import type { Sink } from './sink.ts';

/** `sink` for a run that must send nothing: events are mapped and cut into batches as always, and every put succeeds. */
export function pretending<Event>(sink: Sink<Event>): Sink<Event> {
  return {
    encode: (activity, whole) => sink.encode(activity, whole),
    batcher: (maxEvents) => sink.batcher(maxEvents),
    put: (batch) =>
      Promise.resolve({
        outcomes: batch.map(() => ({ kind: 'accepted' as const, reference: 'pretended' })),
        stop: null,
      }),
    reader: sink.reader,
    diagnose: () => sink.diagnose(),
    close: () => {
      sink.close();
    },
  };
}
