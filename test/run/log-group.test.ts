import { describe, expect, test } from 'vitest';
import { auditEntry, auditLine, nginxLine, readingLine } from '../sources/log-group/lines.ts';
import { type Forwarder, SOURCE_GROUP, start } from '../support/forwarder.ts';

const STREAM = 'kube-apiserver-audit-4f1c2a';

/** Writes a line into the group, so many seconds ago. */
function write({ logs, clock }: Forwarder, message: string, secondsAgo = 60, more: { stream?: string; ms?: number } = {}): number {
  const timestamp = (clock.now - secondsAgo) * 1000 + (more.ms ?? 0);
  logs.model.deliver([{ logGroupName: SOURCE_GROUP, logStreamName: more.stream ?? STREAM, timestamp, message }]);
  return timestamp;
}

describe('smoke', () => {
  test('k8s', async () => {
    await using forwarder = await start({ source: { format: 'kubernetes-audit' } });
    const entry = auditEntry();
    write(forwarder, JSON.stringify(entry));
    write(forwarder, readingLine());
    write(forwarder, auditLine().slice(0, 300), 70);
    const summary = await forwarder.invoke();
    console.log(summary, JSON.stringify(forwarder.events(), null, 1), await forwarder.quarantine(), await forwarder.checkpoint());
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 0 });
    console.log(await forwarder.invoke({ mode: 'check' }));
  });
  test('nginx', async () => {
    await using forwarder = await start({ source: { format: 'nginx' } });
    write(forwarder, nginxLine());
    write(forwarder, nginxLine({ http_x_request_id: 'x' }));
    write(forwarder, nginxLine({ http_x_request_id: 'x', request_method: 'POST', request_body: 'password=\\xC3\\xA9' }));
    const summary = await forwarder.invoke();
    console.log(summary, JSON.stringify(forwarder.events(), null, 1));
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 0 });
  });
});
