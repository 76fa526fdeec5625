import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const DEMO = fileURLToPath(new URL('demo.ts', import.meta.url));

/** @throws what it wrote, when it ends with another status than 0 */
async function demo(...options: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [DEMO, ...options], { maxBuffer: 10_000_000 });
  return stdout;
}

interface Show {
  readonly source: string;
  readonly sink: string;
  /** How the last line begins. */
  readonly account: string;
  readonly redacted: string;
}

describe.concurrent('the demo', () => {
  test.each<Show>([
    {
      source: 'kong',
      sink: 'cloudtrail-lake',
      account: 'Every entry accounted for: 5006 in CloudTrail Lake, 0 in quarantine, ',
      redacted: 'client_secret',
    },
    {
      source: 'kubernetes-audit',
      sink: 'cloudwatch-logs',
      account: 'Every line accounted for: 975 in CloudWatch Logs, 1 in quarantine, 4033 that change nothing left out, ',
      redacted: 'example.com/webhook-token',
    },
    {
      source: 'nginx',
      sink: 'cloudtrail-lake',
      account: 'Every line accounted for: 5006 in CloudTrail Lake, 1 in quarantine, ',
      redacted: 'password',
    },
  ])('shows how $source goes to $sink, and that nothing is lost', async ({ source, sink, account, redacted }) => {
    const shown = await demo('--source', source, '--sink', sink);
    expect(shown).toContain(account);
    expect(shown).toMatch(/ 0 lost, 0 twice\.\n$/);
    expect(shown).toContain('COMPLETE: everything that the source shows is in the sink.');
    expect(shown).toContain(`"redacted": "${redacted}"`);
    expect(shown).not.toContain('hunter2');
  });

  test('says which sources and sinks there are', async () => {
    await expect(demo('--source', 'apache')).rejects.toThrow(/Allowed choices are kong, kubernetes-audit, nginx/);
  });
});
