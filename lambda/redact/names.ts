import { USERINFO } from './default-keys.ts';
import { createKnowledge, type Known } from './known.ts';
import { createWords, normalize, patternOf } from './words.ts';

/** Where a key stands: the keys around it, the innermost first. A list is no level of its own. */
export interface Path {
  readonly key: string;
  readonly parent: Path | null;
}

export interface Names {
  /** What to call the secret that stands under `key`; null when its name does not say that it is one. */
  match(key: string, within?: Path | null, inUrl?: boolean): string | null;
  /** Whether the strings of this list are pairs of names, `old:new`, and so no `name:value`. */
  isPairsOfNames(path: Path | null): boolean;
  /** Found in every text that holds a name of a secret. */
  readonly pattern: RegExp;
  /** Whether passwords in URLs are secrets. */
  readonly userinfo: boolean;
}

/** Compiles a list of keys; its notation is that of `DEFAULT_REDACT_KEYS`. */
export function createNames(keys: readonly string[]): Names {
  const inUrls = createWords(keys.filter((key) => key.startsWith('?')).map((key) => key.slice(1)));
  const others = keys.filter((key) => !key.startsWith('?')).map(normalize);
  const anywhere = createWords(others.filter((key) => !PATH.test(key)));
  const places = others.filter((key) => PATH.test(key)).map((key) => key.split('.').reverse());
  const members = Map.groupBy(places, ([name]) => name);
  /** Everything in such a map is a secret. */
  const maps = Map.groupBy((members.get('*') ?? []).map(([, ...map]) => map), ([name]) => name); // prettier-ignore
  const know = createKnowledge(anywhere, inUrls);

  const isAt = (places: Places, { parts, index, within }: Place): boolean => {
    const name = parts[index];
    return places.get(name)?.some((place) => endsWith(place, { parts, index, within }, know)) ?? false;
  };

  return {
    match(key, within = null, inUrl = false) {
      const { parts, secret, secretInUrl } = know(key);
      const byName = secret ?? (inUrl ? secretInUrl : null);
      if (byName !== null) return byName;
      for (let index = 0; index < parts.length; index += 1) {
        const place = { parts, index, within };
        if (isAt(members, place) || isAt(maps, around(place, know))) return key.trim();
      }
      return null;
    },
    isPairsOfNames(path) {
      if (path === null) return false;
      const { parts } = know(path.key);
      return isAt(PAIRS_OF_NAMES, { parts, index: parts.length - 1, within: path.parent });
    },
    pattern: patternOf([...anywhere.all, ...inUrls.all, ...places.map(longestOf)]),
    userinfo: anywhere.include(USERINFO),
  };
}

const PATH = /^[^.]+(?:\.[^.]+)+$/;

const longestOf = (path: readonly string[]): string =>
  path.reduce((longest, part) => (part.length > longest.length ? part : longest), '');

/** Names of places, the innermost first, by their first. */
type Places = ReadonlyMap<string | undefined, readonly (readonly string[])[]>;

/** Lists of `old:new` in the transformer plugins: the names of headers, not their values. */
const PAIRS_OF_NAMES: Places = Map.groupBy(
  ['headers', 'body', 'querystring', 'json'].map((list) => [list, 'rename']),
  ([name]) => name,
);

/** The part `index` of a key that stands in `within`. */
interface Place {
  readonly parts: readonly string[];
  readonly index: number;
  readonly within: Path | null;
}

const NOWHERE: Place = { parts: [], index: 0, within: null };

/** One level further out. */
function around({ parts, index, within }: Place, know: (key: string) => Known): Place {
  if (index > 0) return { parts, index: index - 1, within };
  if (within === null) return NOWHERE;
  const outer = know(within.key).parts;
  return { parts: outer, index: outer.length - 1, within: within.parent };
}

function endsWith(names: readonly string[], innermost: Place, know: (key: string) => Known): boolean {
  let place = innermost;
  for (const name of names) {
    if (place.parts[place.index] !== name) return false;
    place = around(place, know);
  }
  return true;
}
