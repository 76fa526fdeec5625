import { credentials } from './credentials.ts';
import { inForm, inQuery } from './in-form.ts';
import { inJson } from './in-json.ts';
import { inMultipart } from './in-multipart.ts';
import { inText } from './in-text.ts';
import { inUrls } from './in-urls.ts';
import { isJson } from './is-json.ts';
import type { Find } from './replacement.ts';
import { skipSpace } from './scan.ts';

/** What finds credentials wherever they stand, and whatever they are called. */
export const BY_SHAPE: readonly Find[] = [credentials, inUrls];

/** What finds secrets in what stands after the `?` of a URL. */
export const QUERY: readonly Find[] = [inQuery, ...BY_SHAPE];

const JSON_ALONE: readonly Find[] = [inJson];
const BROKEN_JSON: readonly Find[] = [inJson, inText, ...BY_SHAPE];
const MULTIPART: readonly Find[] = [inMultipart, inText, ...BY_SHAPE];
const TEXT: readonly Find[] = [inText, ...BY_SHAPE];
const TEXT_WITH_PAIRS: readonly Find[] = [inText, inForm, ...BY_SHAPE];
const ENCODED_FORM: readonly Find[] = [inForm, ...BY_SHAPE];
const FORM_AS_TEXT: readonly Find[] = [inForm, inText, ...BY_SHAPE];

/** What finds secrets in `text`, by what it looks like: JSON, a form, or anything else. */
export function findersFor(text: string): readonly Find[] {
  if (OPENING.has(text.charCodeAt(skipSpace(text, 0)))) return isJson(text) ? JSON_ALONE : BROKEN_JSON;
  if (text.length >= MULTIPART_CHARACTERS && CONTENT_DISPOSITION.test(text)) return MULTIPART;
  if (!text.includes('=')) return TEXT;
  if (!FORM.test(text)) return text.includes('&') ? TEXT_WITH_PAIRS : TEXT;
  return URL_ENCODED.test(text) ? ENCODED_FORM : FORM_AS_TEXT;
}

/** `{`, `[` and `"`. */
const OPENING = new Set([0x7b, 0x5b, 0x22]);
const MULTIPART_CHARACTERS = 'content-disposition:'.length;
const CONTENT_DISPOSITION = /^content-disposition:/im;
/** Whoever encodes a form as he should leaves none of the others as they are. */
const URL_ENCODED = /^[^\s"'<>{}]*$/;
/** A form begins with a name. `name:value` is how transformer plugins take headers, whose value may hold equals signs. */
const FORM = /^[^\s"'<>{}:=]*=/;
