import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { kubernetesAudit } from '../../../lambda/sources/log-group/kubernetes-audit.ts';
import { nginx } from '../../../lambda/sources/log-group/nginx.ts';
import { NGINX_FIELDS, toNginxLine } from '../../../lambda/sources/log-group/nginx-line.ts';
import { DEFAULT_SELECTION } from '../../../lambda/sources/log-group/selection.ts';
import { auditLine } from './lines.ts';
import { eventOf } from './read.ts';

const PAGE = readFileSync(new URL('../../../docs/log-groups.md', import.meta.url), 'utf8');

function block(language: string): string {
  return new RegExp(`\`\`\`${language}\n(.*?)\n\`\`\``, 's').exec(PAGE)?.[1] ?? '';
}

describe('docs/log-groups.md', () => {
  test('shows an event as it is', () => {
    const shown = JSON.parse(block('json')) as { readonly UID: string };
    const event = eventOf(kubernetesAudit(DEFAULT_SELECTION, 'prod'), auditLine({ auditID: shown.UID }));
    expect(shown).toEqual({ ...event, eventSource: 'kubernetes-audit' });
  });

  test('names what is selected', () => {
    const selected = Object.values(DEFAULT_SELECTION).map((names: readonly string[]) =>
      names.map((name) => `\`${name}\``).join(', '),
    );
    for (const names of selected) expect(PAGE).toContain(` ${names} `);
  });

  test('gives the format that lines of NGINX must have', () => {
    const format = [...block('nginx').matchAll(/'([^']*)'/g)].map(([, part]) => part).join('');
    const line = toNginxLine(format.replaceAll(/\$(\w+)/g, '-'));
    expect(Object.keys(line?.values ?? {})).toEqual(NGINX_FIELDS);
    const written = format
      .replace('$status', '200')
      .replace('$server_port', '443')
      .replaceAll(/\$(\w+)/g, 'of-$1');
    const { additionalEventData } = eventOf(nginx({ deriveErrorCode: false }), written);
    for (const name of Object.keys(additionalEventData as object)) expect(PAGE).toContain(`\`${name}\``);
    expect(additionalEventData).toMatchObject({ host: 'of-host', contentType: 'of-content_type', port: 443 });
  });
});
