import { describe, expect, test, vi } from 'vitest';
import { pretending } from '../../lambda/pipeline/pretend.ts';
import type { Sink } from '../../lambda/pipeline/sink.ts';
import { item } from '../support/item.ts';

describe('a sink that only pretends', () => {
  const batcher = { add: () => null, rest: () => [] };
  const real = {
    encode: vi.fn(() => 'event'),
    batcher: vi.fn(() => batcher),
    put: vi.fn<Sink<string>['put']>(),
    reader: { missing: 'x' },
    diagnose: vi.fn(() => Promise.resolve([])),
    close: vi.fn(),
  };
  const signals = { stopping: new AbortController().signal, aborting: new AbortController().signal };

  test('maps and cuts batches as the real one, and accepts everything without sending it', async () => {
    const sink = pretending<string>(real);
    const whole = { payloadBytes: 1, payloadSha256: 'a' };
    expect(sink.encode(item('a'), whole)).toBe('event');
    expect(real.encode).toHaveBeenCalledWith(item('a'), whole);
    expect(sink.batcher(7)).toBe(batcher);
    expect(real.batcher).toHaveBeenCalledWith(7);
    const { outcomes, stop } = await sink.put(['x', 'y'], signals);
    expect([outcomes.map(({ kind }) => kind), stop]).toEqual([['accepted', 'accepted'], null]);
    expect(real.put).not.toHaveBeenCalled();
  });

  test('looks and closes as the real one', async () => {
    const sink = pretending<string>(real);
    expect(sink.reader).toBe(real.reader);
    expect(await sink.diagnose()).toEqual([]);
    sink.close();
    expect(real.close).toHaveBeenCalledTimes(1);
  });
});
