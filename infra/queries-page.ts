import { writeFileSync } from 'node:fs';
import { exampleValues, fillQuery, QUERIES, type AuditQuery } from './queries.ts';

/** The page that `node infra/queries-page.ts` writes; a test compares. */
export const QUERIES_PAGE = new URL('../docs/queries.md', import.meta.url);

const TIMES = { START: '2026-11-14 00:00:00', END: '2026-11-15 00:00:00' };

const INTRODUCTION = `# Questions to the audit log

Twelve questions, each for CloudTrail Lake (SQL) and for CloudWatch Logs (Logs Insights). They are kept as files in
[\`infra/queries/\`](../infra/queries), parsed in a test, and saved by the CDK app where it makes the log group or the dashboard.

<!-- Written by \`node infra/queries-page.ts\`; changes here are lost. -->

**CloudTrail Lake.** Put the ID of your event data store, the end of its ARN, in place of \`$EDS_ID\`. \`eventTime\` is UTC and bounded on both sides
in every query: Lake bills by the bytes that a query reads, so keep the window narrow. An event can be found about five minutes after it was forwarded.

**Logs Insights.** Choose the log group and the time range in the console. The range goes by the log's own timestamp. An event that was more than 13
days old when it was forwarded stands under a later one, which \`additionalEventData.loggedAt\` tells; for those, take a range that reaches to the day of the
backfill. \`eventTime\` is always true.

**Each event counts once.** Delivery is at least once, so an event can be stored twice, with the same \`UID\`. Lists use \`DISTINCT\` or \`dedup\`, counts
use the distinct \`UID\`. Only [duplicates](#which-events-are-there-more-than-once) and [one request](#what-became-of-this-one-request-end-to-end) show every copy.
Insights counts distinct values approximately when there are very many.

**Kong.** \`method\`, \`status\` and \`workspace\` in \`additionalEventData\` are those of Kong's audit log. For a log group as source, the queries by user, the duplicates, the one
request and the events per hour work as they are; [log-groups.md](log-groups.md#three-questions) has three more for a Kubernetes cluster.
`;

/** docs/queries.md. */
export function queriesPage(): string {
  return `${[INTRODUCTION, ...QUERIES.map(section)].join('\n').trimEnd()}\n`;
}

function section(query: AuditQuery): string {
  const values = { EDS_ID: '$EDS_ID', ...TIMES, ...exampleValues(query) };
  const replace = query.parameters.map(({ example, meaning }) => `\`${example}\`: ${meaning}`);
  const parameters = replace.length > 0 ? `Replace ${replace.join('; ')}.\n\n` : '';
  return `## ${query.question}

${parameters}${query.note ? `${query.note}\n\n` : ''}\`\`\`sql
${fillQuery(query.lake, values)}
\`\`\`

\`\`\`
${fillQuery(query.insights, values)}
\`\`\`
`;
}

if (import.meta.main) writeFileSync(QUERIES_PAGE, queriesPage());
