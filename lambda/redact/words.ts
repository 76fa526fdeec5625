/** Names and endings: what a single word tells, wherever it stands. */
export interface Words {
  readonly all: readonly string[];
  include(word: string): boolean;
}

/** Compiles names, and endings such as `*_password`. */
export function createWords(keys: readonly string[]): Words {
  const normalized = keys.map(normalize);
  const names = new Set(normalized.filter((key) => !key.startsWith('*')));
  const endings = Map.groupBy(
    normalized.filter((key) => key.startsWith('*')).map((key) => key.slice(1)),
    (ending) => ending.at(-1),
  );
  const isAny = endings.has(undefined);
  /** `export PASSWORD` and `/oauth/token` are no names that end so. */
  const isEnding = (name: string, ending: string): boolean =>
    name.endsWith(ending) && (ending.startsWith('_') || ONE_WORD.test(name));
  const isOne = (name: string): boolean =>
    isAny || names.has(name) || (endings.get(name.at(-1))?.some((ending) => isEnding(name, ending)) ?? false);
  return {
    all: [...names, ...[...endings.values()].flat()],
    /** The capitals in `PassWord` mean nothing, those in `clientSecret` do. */
    include: (word) => isOne(normalize(word)) || (CAPITAL.test(word) && isOne(normalize(word.toLowerCase()))),
  };
}

/** How names are compared: without case, `-` and `clientSecret` read as `_` and `client_secret`. */
export function normalize(key: string): string {
  if (SIMPLE.test(key)) return key;
  return key
    .trim()
    .replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3_$2')
    .toLowerCase()
    .replaceAll('-', '_');
}

const SIMPLE = /^[a-z0-9_]*$/;
const ONE_WORD = /^[\p{L}\p{N}_]+$/u;
const CAPITAL = /[A-Z]/;

/** Found in every text that holds one of `words`, however it is spelled. */
export function patternOf(words: readonly string[]): RegExp {
  const shortest = [...new Set(words)].filter((word) => !words.some((other) => other !== word && word.includes(other)));
  const sources = shortest.map((word) => RegExp.escape(word).replaceAll('_', '[_-]?').replaceAll('\\x20', '[ +]'));
  return new RegExp(sources.join('|'), 'i');
}
