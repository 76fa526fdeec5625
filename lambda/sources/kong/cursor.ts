import * as z from 'zod';

/** How a scan reads: by time, newest first, or by primary key. An offset of one means nothing to the other. */
export type ScanOrder = 'time' | 'key';

/** Where a scan of one Kong version goes on. Stored in the checkpoint as a window's `cursor`. */
const cursorSchema = z.strictObject({ order: z.enum(['time', 'key']), version: z.string(), offset: z.string().min(1) });

export const toCursor = (order: ScanOrder, version: string, offset: string): string =>
  JSON.stringify({ order, version, offset });

/**
 * The offset in `cursor`, if it was written by a scan of this order and version. Kong documents no lifetime for offsets, so
 * one of another version is not used; nor is any where the version is not known.
 */
export function offsetOf(cursor: string | undefined, order: ScanOrder, version: string): string | null {
  if (cursor === undefined || version === 'unknown') return null;
  try {
    const parsed = cursorSchema.safeParse(JSON.parse(cursor)).data;
    return parsed?.order === order && parsed.version === version ? parsed.offset : null;
  } catch {
    return null;
  }
}
