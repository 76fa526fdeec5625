import { readFileSync } from 'node:fs';

/** What a reader of a query replaces, beside the store and the times. */
export interface QueryParameter {
  /** Stands in the texts as `$ROUTE`. */
  readonly name: string;
  readonly meaning: string;
  readonly example: string;
}

/** One question about the audit log, for both places where the events can be. */
export interface AuditQuery {
  /** The files of the two texts are called by it, and so are saved queries. */
  readonly name: string;
  readonly question: string;
  readonly parameters: readonly QueryParameter[];
  /** What a reader must know to read the result right; empty when nothing. */
  readonly note: string;
  /**
   * CloudTrail Lake SQL (Trino). `$EDS_ID` is the ID of the event data store, the end of its ARN; `$START` and `$END` bound `eventTime`
   * on both sides, in UTC, such as `2026-11-14 00:00:00`. Lake bills by the bytes that a query reads: keep the bounds narrow.
   */
  readonly lake: string;
  /** CloudWatch Logs Insights. The times are those of the console or of `StartQuery`. */
  readonly insights: string;
}

const NO_PARAMETERS: readonly QueryParameter[] = [];

/** The twelve questions, in the order in which docs/queries.md gives them. */
export const QUERIES: readonly AuditQuery[] = [
  query('route-changes', 'Who changed this route?', [
    { name: 'ROUTE', meaning: 'name or ID of the route', example: 'orders-v1' },
  ]),
  query(
    'denied-calls',
    'Which calls were denied, by user and address?',
    NO_PARAMETERS,
    'A call with a wrong token has no user: it stands as `anonymous`, and the address tells them apart.',
  ),
  query('changes-per-workspace', 'How much was changed, per workspace and day?'),
  query(
    'anonymous-writes',
    'What did nobody in particular change?',
    NO_PARAMETERS,
    'With RBAC on, these are attempts without a valid token, and `status` says that they were refused. Without RBAC this is every change.',
  ),
  query('rbac-changes', 'Who changed users, roles and permissions?'),
  query('deletions', 'What was deleted?'),
  query('plugin-changes', 'Which plugins were added, changed or removed?'),
  query('user-activity', 'What did this user do?', [
    { name: 'USER', meaning: 'name or ID of the RBAC user', example: 'ada' },
  ]),
  query('out-of-hours', 'What was changed outside office hours?', [
    { name: 'OPENS', meaning: 'first hour of work, in UTC, 0 to 23; Saturday and Sunday are outside', example: '7' },
    { name: 'CLOSES', meaning: 'hour from which it is over, in UTC', example: '18' },
  ]),
  query(
    'duplicates',
    'Which events are there more than once?',
    NO_PARAMETERS,
    'Copies come from a run that died before it could note an answer, from `backfill --resend`, and from a Redis that lost its data.',
  ),
  query('one-request', 'What became of this one request, end to end?', [
    {
      name: 'REQUEST_ID',
      meaning: "the header X-Kong-Admin-Request-ID of Kong's answer",
      example: 'b2f0c1d4e5a6978812345678abcdef01',
    },
  ]),
  query(
    'events-per-hour',
    'How many events are there per hour, and where is a gap?',
    NO_PARAMETERS,
    'An hour without events has no row: in Lake `hours_since_previous` is then more than 1, in Insights an hour is left out. The forwarder reads Kong ' +
      'every hour, but its own reading is not forwarded, so an hour in which nobody used the Admin API has no events. Whether a gap hides a loss, `verify` tells.',
  ),
];

/** Three more for events whose source is the audit log of a Kubernetes cluster, in the order in which docs/log-groups.md gives them. */
export const KUBERNETES_QUERIES: readonly AuditQuery[] = [
  query('ingress-changes', 'Who changed this Ingress?', [
    { name: 'NAMESPACE', meaning: 'namespace of the Ingress', example: 'shop' },
    { name: 'INGRESS', meaning: 'its name', example: 'checkout' },
  ]),
  query(
    'changes-by-people',
    'What did people change, rather than controllers?',
    NO_PARAMETERS,
    'Controllers, nodes and the control plane sign in as `system:…`, and what EKS itself runs as `eks:…`; calls without any credential are `system:anonymous`.',
  ),
  query(
    'denied-attempts',
    'Which attempts were denied?',
    NO_PARAMETERS,
    'By the authorizer (`decision`), or by an admission webhook (`Forbidden` all the same). A credential that the cluster does not know (401) is logged only at the stage `ResponseStarted`, which is not selected.',
  ),
];

/**
 * `text` with each placeholder replaced, `$ROUTE` by `values.ROUTE`.
 *
 * @throws when a placeholder has no value, or a value could end the text it is put into
 */
export function fillQuery(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$([A-Z][A-Z_]*)/g, (placeholder, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`The query needs a value for ${placeholder}.`);
    if (/['"/\\\n]/.test(value))
      throw new Error(`${placeholder} must have no quote, slash or line break, got ${value}`);
    return value;
  });
}

/** Values with which `query` can be tried, and saved: those of its own parameters. */
export function exampleValues(query: AuditQuery): Record<string, string> {
  return Object.fromEntries(query.parameters.map(({ name, example }) => [name, example]));
}

function query(name: string, question: string, parameters = NO_PARAMETERS, note = ''): AuditQuery {
  const read = (extension: string) => readFileSync(new URL(`queries/${name}.${extension}`, import.meta.url), 'utf8');
  return { name, question, parameters, note, lake: read('sql').trim(), insights: read('insights').trim() };
}
