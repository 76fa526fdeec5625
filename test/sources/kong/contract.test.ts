import type { Source } from '../../../lambda/pipeline/source.ts';
import { SCAN_STRATEGIES, type ScanStrategy } from '../../../lambda/sources/kong/capabilities.ts';
import { connectKong } from '../../../lambda/sources/kong/client.ts';
import { toCursor } from '../../../lambda/sources/kong/cursor.ts';
import { createKongSource } from '../../../lambda/sources/kong/source.ts';
import { startKong } from '../../simulators/kong.ts';
import { describeSource } from '../contract.ts';
import { PAGE_SIZE, type SourceHarness } from '../harness.ts';

const NOW = 1_700_000_000;

/** A Kong whose clock stands still and whose own rows never appear. */
async function openKong(version: string, scan: ScanStrategy): Promise<SourceHarness> {
  const simulator = await startKong({ now: () => NOW, writeDelaySeconds: 1e9, version });
  simulator.faults.always(({ path }) => {
    const offset = new URL(path, 'http://kong').searchParams.get('offset') ?? '';
    const status = /^status-(\d+)$/.exec(offset)?.[1];
    return status === undefined
      ? undefined
      : { fault: 'answer', status: Number(status), body: { message: 'An unexpected error occurred' } };
  });
  const sources: Source[] = [];
  return {
    now: NOW,
    connect() {
      const { signal } = new AbortController();
      const kong = connectKong({ adminApi: simulator.url, token: null, signal, retryDelayMs: 1, retries: 1 });
      const log = { warn: () => undefined };
      const source = createKongSource({ kong, pageSize: PAGE_SIZE, scan, deriveErrorCode: false, log });
      sources.push(source);
      return source;
    },
    write: (second) => simulator.table.record({}, { at: second }).key,
    writeInvalid: (second) => simulator.table.record({ method: undefined }, { at: second }).key,
    async [Symbol.asyncDispose]() {
      await Promise.all(sources.map((source) => source.close()));
      await simulator.close();
    },
  };
}

const VERSIONS: Record<ScanStrategy, string> = {
  filtered: '3.9.1.0',
  'newest-first': '3.5.0.4',
  'full-scan': '3.4.3.7',
};

for (const strategy of SCAN_STRATEGIES) {
  const version = VERSIONS[strategy];
  const order = strategy === 'full-scan' ? 'key' : 'time';
  describeSource({
    name: `Kong ${version}, ${strategy}`,
    isNewestFirst: strategy !== 'full-scan',
    readsEverything: strategy === 'full-scan',
    badCursors: {
      'no JSON': 'garbage',
      'another source’s': '{"stream":"a"}',
      'another order': toCursor(order === 'key' ? 'time' : 'key', version, 'WzE3MDAwMDAwMDAsImEiXQ'),
      'another version': toCursor(order, '2.8.1.1-enterprise-edition', 'WyJhIl0'),
      'one Kong refuses with 400': toCursor(order, version, '!no base64!'),
      'one Kong refuses with 404': toCursor(order, version, 'status-404'),
      'one Kong fails for with 500': toCursor(order, version, 'status-500'),
      'one that Kong answers with nothing': toCursor(order, version, 'WyJ6IiwieiIsInoiXQ'),
    },
    open: () => openKong(version, strategy),
  });
}
