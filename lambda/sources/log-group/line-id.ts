import { hash } from 'node:crypto';

/** CloudTrail's limit for `UID` is 1024 bytes (integration event schema), of which a stage and an `eventId` may need some. */
const MOST_BYTES = 900;

/** An id too long for a sink is hashed, not cut: two long ids may share their beginning. */
export const toLineId = (text: string): string => (Buffer.byteLength(text) > MOST_BYTES ? hash('sha256', text) : text);

/** Tells one line from another: 128 bits, which nobody can choose. */
export const toMark = (text: string): string => hash('sha256', text, 'base64url').slice(0, 22);
