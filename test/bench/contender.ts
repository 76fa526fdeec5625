/** Who does the same job in the same world. */
export type Contender = 'forwarder' | 'baseline' | 'predecessor';

/** As the tables call them. */
export const TITLES: Readonly<Record<Contender, string>> = {
  forwarder: 'forwarder',
  baseline: 'rewrite in Node',
  predecessor: 'predecessor',
};
