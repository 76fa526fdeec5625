import type { RedisServer } from '../support/redis-server.ts';

/*
 * Where the bytes of one ledger entry go. Redis reports them in sum only, so the parts are sums of the allocations its data
 * structures make (Redis 7.0: sds.h, object.c, dict.c), in the size classes of its allocator.
 */

/** Size classes of jemalloc up to 256 bytes. */
const SIZE_CLASSES = [8, 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256];
const SDS_HEADER_BYTES = 3;
const TERMINATOR_BYTES = 1;
const OBJECT_BYTES = 16;
const DICT_ENTRY_BYTES = 24;

/** A sentence that says what one entry is made of, beside the `measured` bytes per entry. */
export async function ledgerBreakdown(redis: RedisServer, measured: number): Promise<string> {
  const [, found] = (await redis.cli('SCAN', 0, 'MATCH', '*:seen:*', 'COUNT', 1000)) as [string, string[]];
  const [key = ''] = found;
  const value = String(await redis.cli('GET', key));
  const usage = Number(await redis.cli('MEMORY', 'USAGE', key));
  const keyBytes = allocated(SDS_HEADER_BYTES + key.length + TERMINATOR_BYTES);
  const valueBytes = allocated(OBJECT_BYTES + SDS_HEADER_BYTES + value.length + TERMINATOR_BYTES);
  const entryBytes = allocated(DICT_ENTRY_BYTES);
  const rest = measured - keyBytes - valueBytes - 2 * entryBytes;
  return (
    `Ledger: key ${keyBytes} bytes (\`${key.replace(/seen:.*/, 'seen:<id>')}\`, ${key.length} characters), value ${valueBytes} ` +
    `(an eventID of ${value.length} characters), dictionary entry ${entryBytes}, expiry entry ${entryBytes}, ` +
    `hash-table slots and the rest ${rest.toFixed(0)}; MEMORY USAGE of one key says ${usage}. The characters alone are ` +
    `${key.length + value.length}.`
  );
}

function allocated(bytes: number): number {
  return SIZE_CLASSES.find((size) => size >= bytes) ?? bytes;
}
