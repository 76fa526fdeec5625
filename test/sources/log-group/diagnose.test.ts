import { describe, expect, test } from 'vitest';
import { kubernetesAudit } from '../../../lambda/sources/log-group/kubernetes-audit.ts';
import { DEFAULT_SELECTION } from '../../../lambda/sources/log-group/selection.ts';
import { nginxLine, readingLine } from './lines.ts';
import { useAnyCredentials } from '../../support/any-credentials.ts';
import { createWorld, NOW, type WorldOptions } from './world.ts';

useAnyCredentials();

/** A world in which it is now as late as it really is. */
function open(options: WorldOptions = {}) {
  const secondsAgo = NOW - Math.floor(Date.now() / 1000);
  const world = createWorld({ format: kubernetesAudit(DEFAULT_SELECTION, 'prod'), now: () => 1e10, ...options });
  return { deliver: (message: string, ago = 60) => { world.deliver(message, secondsAgo + ago); }, check: () => world.connect().diagnose() }; // prettier-ignore
}

describe('a check', () => {
  test('of a good group says how many lines are of the format, wanted or not', async () => {
    const { deliver, check } = open();
    deliver(readingLine());
    deliver('a line of another kind');
    expect(await check()).toEqual([
      {
        name: 'source-log-group',
        ok: true,
        detail: expect.stringContaining('of its 2 latest lines of the last hour, 1 are of the given format') as string,
        fix: '',
      },
    ]);
  });

  test('of a group without events says what may be wrong', async () => {
    const { deliver, check } = open();
    deliver(readingLine(), 3700);
    expect(await check()).toMatchObject([
      {
        ok: true,
        detail: expect.stringContaining('no event of the last hour') as string,
        fix: expect.stringContaining('turned on') as string,
      },
    ]);
  });

  test('of a group with other lines says which setting is wrong', async () => {
    const { deliver, check } = open();
    deliver(nginxLine());
    expect(await check()).toMatchObject([{ ok: false, fix: expect.stringContaining('SOURCE_FORMAT') as string }]);
  });

  test('looks behind empty pages, a few', async () => {
    const { deliver, check } = open({ emptyPages: 0.3, seed: 3 });
    deliver(readingLine());
    expect(await check()).toMatchObject([{ ok: true, detail: expect.stringContaining('latest lines') as string }]);
    const endless = open({ answer: () => ({ events: [], searchedLogStreams: [], nextToken: 'more' }) });
    expect(await endless.check()).toMatchObject([{ ok: true, detail: expect.stringContaining('no event') as string }]);
  });

  test('of a group that cannot be read says why', async () => {
    const { check } = open({ denied: ['FilterLogEvents'] });
    expect(await check()).toMatchObject([
      {
        name: 'source-log-group',
        ok: false,
        detail: expect.stringContaining('AccessDeniedException') as string,
        fix: expect.stringContaining('logs:FilterLogEvents') as string,
      },
    ]);
  });
});
