import { describe, expect, test } from 'vitest';
import { startRedis } from '../../support/redis-server.ts';
import { checkpoint, record, seen } from '../harness.ts';
import { failure, ledgerOn, refusals, reload, SLOW_TO_LOAD } from './support.ts';

describe('redis: diagnosis', () => {
  test.for([
    ['noeviction', true, ''],
    ['allkeys-lru', true, 'Set maxmemory-policy to noeviction'],
    ['volatile-ttl', true, 'Set maxmemory-policy to noeviction'],
  ] as const)('with maxmemory-policy %s advises what to do', async ([policy, ok, fix]) => {
    await using server = await startRedis({ maxmemory: '100mb' });
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', policy);
    await using ledger = ledgerOn(server);
    const found = await ledger.diagnose();
    expect(found.ok).toBe(ok);
    expect(found.detail).toMatch(new RegExp(`uses .* of 100\\.00M, maxmemory-policy is ${policy}`));
    expect(found.fix).toContain(fix);
    expect(found.fix === '').toBe(fix === '');
  });

  test('needs no more than the permissions it names, which are enough for everything', async () => {
    const rules = '~kong-audit:* +@read +@write +@scripting +@connection +info';
    await using server = await startRedis({ username: 'forwarder', password: 'the-pass', rules });
    await using ledger = ledgerOn(server, { username: 'forwarder', password: 'the-pass' });
    expect(await ledger.diagnose()).toMatchObject({ ok: true, fix: '' });
    await ledger.lock('run-1', 60);
    await ledger.mark([seen('a')]);
    await ledger.saveCheckpoint(checkpoint, 'run-1');
    await ledger.quarantine([record('b')]);
    await ledger.release([seen('b')]);
    expect(await ledger.lookup(['a', 'b'])).toEqual(['event-1', 'event-1']);
    await ledger.unlock('run-1');
  });

  test.for([
    ['reads only', '~kong-audit:* +@read +@connection +info'],
    ['may not run scripts', '~kong-audit:* +@read +@write +@connection +info'],
    ['may use other keys only', '~other:* +@all'],
  ] as const)('of a user who %s says what to grant', async ([, rules]) => {
    await using server = await startRedis({ username: 'forwarder', password: 'the-pass', rules });
    await using ledger = ledgerOn(server, { username: 'forwarder', password: 'the-pass' });
    const { ok, detail, fix } = await ledger.diagnose();
    expect(ok).toBe(false);
    expect(detail).toContain('does not permit this user what the ledger needs (NOPERM');
    expect(fix).toContain('ACL SETUSER <user> ~kong-audit:* +@read +@write +@scripting +@connection +info');
    expect((await failure(ledger.mark([seen('a')]))).message).toContain('ACL SETUSER');
  });

  test('does without INFO where it is forbidden', async () => {
    const rules = '~kong-audit:* +@read +@write +@scripting +@connection';
    await using server = await startRedis({ username: 'forwarder', password: 'the-pass', rules });
    await using ledger = ledgerOn(server, { username: 'forwarder', password: 'the-pass' });
    const { ok, detail } = await ledger.diagnose();
    expect(ok).toBe(true);
    expect(detail).toContain('may not call INFO');
  });

  test('waits for a server that is still loading its data, as a run does', async () => {
    await using server = await startRedis(SLOW_TO_LOAD);
    await using ledger = ledgerOn(server);
    const { loaded } = await reload(server, ledger);
    expect(await ledger.diagnose()).toMatchObject({ ok: true, fix: '' });
    await loaded;
    expect(await refusals(server, 'LOADING')).toBeGreaterThan(0);
  });
});
