import type { ScanStrategy } from '../../../lambda/sources/kong/capabilities.ts';

type ReadWith = readonly [version: string, strategy: ScanStrategy];

/** Versions of Kong on both sides of every change of the audit log, and how the log of each is read. */
export const VERSIONS: readonly ReadWith[] = [
  ['2.8.1.1-enterprise-edition', 'full-scan'],
  ['3.0.0.0', 'full-scan'],
  ['3.1.1.2', 'full-scan'],
  ['3.3.1.0', 'full-scan'],
  ['3.4.3.7', 'full-scan'],
  ['3.4.3.8', 'newest-first'],
  ['3.4.3.9', 'filtered'],
  ['3.5.0.3', 'full-scan'],
  ['3.5.0.4', 'newest-first'],
  ['3.5.0.5', 'filtered'],
  ['3.6.1.4', 'full-scan'],
  ['3.6.1.5', 'filtered'],
  ['3.7.0.0', 'filtered'],
  ['3.9.1.0', 'filtered'],
  ['3.11.0.2', 'filtered'],
];

/** One version of each strategy. */
export const ONE_OF_EACH: readonly ReadWith[] = [
  ['3.9.1.0', 'filtered'],
  ['3.4.3.8', 'newest-first'],
  ['3.3.1.0', 'full-scan'],
];
