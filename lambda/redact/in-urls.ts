import { USERINFO } from './default-keys.ts';
import { MASK, type Reading, type Replacement, type Span } from './replacement.ts';
import { indexOf } from './scan.ts';

/**
 * The password in `scheme://user:password@host` (RFC 3986, section 3.2.1), named by what it is part of. It may hold an `@` that
 * should have been encoded, or a `/`: what follows the colon is a port, or else it is no host.
 */
export function inUrls(text: string, { names }: Reading): Replacement[] {
  const replacements: Replacement[] = [];
  if (!names.userinfo) return replacements;
  for (let start = text.indexOf(SLASHES); start >= 0;) {
    const next = text.indexOf(SLASHES, start + SLASHES.length);
    // What follows is read up to the next URL and no further: the time stays linear.
    const url = text.slice(start + SLASHES.length, next < 0 ? undefined : next);
    const password = passwordIn(url);
    if (password !== null && url.slice(password.from, password.to) !== MASK) {
      const at = start + SLASHES.length;
      replacements.push({ from: at + password.from, to: at + password.to, by: MASK, keys: [USERINFO] });
    }
    start = next;
  }
  return replacements;
}

const SLASHES = '://';
const USER = /[^\s/?#"'`\\<>@:]*:/y;
const URL_END = /[\s"'`\\<>]/g;
const AUTHORITY_END = /[/?#]/g;
/** A host's port, or a list of hosts with their ports. */
const PORTS = /^\d*(?:,[\w.-]+(?::\d*)?)*$/;

/** Where in what follows `://` the password stands; null when there is none. */
function passwordIn(url: string): Span | null {
  if (!url.includes('@') || url.startsWith('[')) return null;
  USER.lastIndex = 0;
  if (!USER.test(url)) return null;
  const from = USER.lastIndex;
  const rest = url.slice(from, indexOf(url, URL_END, from));
  const authority = rest.slice(0, indexOf(rest, AUTHORITY_END, 0));
  const length = authority.includes('@') || PORTS.test(authority) ? authority.lastIndexOf('@') : rest.lastIndexOf('@');
  return length > 0 ? { from, to: from + length } : null;
}
