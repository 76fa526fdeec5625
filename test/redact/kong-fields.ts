import { readFileSync } from 'node:fs';

/** One field of a plugin or an entity of Kong. */
export interface KongField {
  /** Its names from the outermost to the innermost; `[]` is an element of a list, and what was `{}` has a name now. */
  readonly path: readonly string[];
  /** Whether Kong's schemas mark it as encrypted or referenceable. */
  readonly isMarked: boolean;
  readonly isSecret: boolean;
  readonly because: string;
  /** The last names, which say what the field is. */
  readonly tail: string;
  /** What it may hold. */
  readonly value: string | boolean;
}

/** In every secret of the table. */
export const SECRET = 'Zq7+hunter2/f9A=';
const FREE_NAME = 'X-Tenant';
const SWITCHES = new Map([
  ['true', true],
  ['false', false],
]);

/** The rows of kong-fields.tsv. */
export function readKongFields(): KongField[] {
  const table = readFileSync(new URL('kong-fields.tsv', import.meta.url), 'utf8');
  const [, ...rows] = table.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return rows.map((row) => {
    const [path = '', encrypted, referenceable, judged = '', because = '', tail = '', example = ''] = row.split('\t');
    if (judged !== 'secret' && judged !== 'harmless') throw new Error(`Neither secret nor harmless: ${row}`);
    const names = path.split('.').map((name) => (name === '{}' ? FREE_NAME : name));
    return {
      path: names,
      isMarked: encrypted === 'yes' || referenceable === 'yes',
      isSecret: judged === 'secret',
      because,
      tail: names
        .filter((name) => name !== '[]')
        .slice(-Number(tail))
        .join('.'),
      value: SWITCHES.get(example) ?? example.replace('{secret}', SECRET).replaceAll('\\n', '\n'),
    };
  });
}
