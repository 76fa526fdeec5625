import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createProgram } from '../../infra/cli/program.ts';

const PAGE = readFileSync(new URL('../../docs/operate.md', import.meta.url), 'utf8');

test('docs/operate.md knows every command and every option', () => {
  const program = createProgram({
    name: 'kong-audit',
    open: () => Promise.reject(new Error('not asked')),
    ended: () => undefined,
    output: {},
  });
  const words = (command: Command): string[] => [
    command.name(),
    ...command.options.map(({ long }) => long ?? ''),
    ...command.commands.flatMap(words),
  ];
  const ownHelp = ['kong-audit', '--version'];
  const unknown = words(program).filter((word) => !ownHelp.includes(word) && !PAGE.includes(word));
  expect(unknown).toEqual([]);
});

test('docs/operate.md has no link that leads nowhere', () => {
  const headings = [...PAGE.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );
  const links = [...PAGE.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
  expect(links.filter((anchor) => !headings.includes(anchor ?? ''))).toEqual([]);
});
