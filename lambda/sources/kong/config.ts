import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { flag, integer, oneOf, readVariables, secretArn } from '../../environment.ts';
import type { SourceRoom } from '../../room.ts';
import { secretSource, toSecret } from '../../secrets.ts';
import { SCAN_STRATEGIES } from './capabilities.ts';
import { createKongSource } from './source.ts';

const adminApi = z.string().transform((text, context) => {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    context.addIssue('must be an http or https URL such as https://kong.internal:8444');
    return z.NEVER;
  }
  if (url.username || url.password)
    context.addIssue('must not contain a user or password; the token goes into KONG_ADMIN_TOKEN');
  if (url.search || url.hash) context.addIssue('must end with the path prefix, without query or fragment');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
});

const rootCa = z.string().transform((text, context) => {
  const pem = text.replaceAll('\\n', '\n').trim();
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const begun = pem.split('-----BEGIN CERTIFICATE-----').length - 1;
  try {
    if (begun === 0 || begun !== certificates.length) throw new Error('none, or one of them is cut off');
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch {
    context.addIssue('must hold PEM certificates, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----');
  }
  return pem;
});

const variables = z.object({
  KONG_ADMIN_API: adminApi,
  KONG_SUPERADMIN: flag.default(false),
  KONG_ADMIN_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, { error: 'must be printable ASCII without spaces' })
    .optional(),
  KONG_ADMIN_TOKEN_SECRET_ARN: secretArn.optional(),
  KONG_ROOT_CA: rootCa.optional(),
  KONG_PAGE_SIZE: integer(1, 1000).default(1000),
  KONG_SCAN: oneOf(['auto', ...SCAN_STRATEGIES]).default('auto'),
});

/** Kong's audit log (`GET /audit/requests`). */
export const kong: SourceRoom = {
  chosenBy: 'KONG_ADMIN_API',
  hint: 'the URL of the Admin API, such as https://kong.internal:8444',
  onlyHere: [],
  load(env) {
    const { values, problems } = readVariables(variables, env);
    const wrong = [...problems, ...tokenProblems(env)];
    if (!values || wrong.length > 0) return { problems: wrong };
    const given = values.KONG_SUPERADMIN
      ? secretSource(values.KONG_ADMIN_TOKEN, values.KONG_ADMIN_TOKEN_SECRET_ARN)
      : null;
    const token = given && toSecret(given, 'token');
    return {
      problems: [],
      settings: {
        eventSource: 'kong-gateway',
        auditTtlSeconds: 2_592_000,
        connect: async ({ signals, log, markOwn, deriveErrorCode, isCheck }) => {
          const { connectKong } = await import('./client.ts');
          return createKongSource({
            kong: connectKong({
              adminApi: values.KONG_ADMIN_API,
              token,
              rootCa: values.KONG_ROOT_CA,
              signal: signals.stopping,
              aborting: signals.aborting,
              ...(markOwn && { onRequestId: (id) => markOwn(id.trim()) }),
              ...(isCheck && CHECK_LIMITS),
            }),
            pageSize: values.KONG_PAGE_SIZE,
            scan: values.KONG_SCAN,
            deriveErrorCode,
            log,
          });
        },
      },
    };
  },
};

/** Kong needs 32 s to say that its database is down. */
const CHECK_LIMITS = { timeoutMs: 40_000, retries: 0 };

function tokenProblems(env: Readonly<Record<string, string | undefined>>): string[] {
  const { KONG_SUPERADMIN, KONG_ADMIN_TOKEN, KONG_ADMIN_TOKEN_SECRET_ARN } = env;
  if (KONG_ADMIN_TOKEN && KONG_ADMIN_TOKEN_SECRET_ARN)
    return ['KONG_ADMIN_TOKEN and KONG_ADMIN_TOKEN_SECRET_ARN are both set; keep one of them'];
  if (flag.safeParse(KONG_SUPERADMIN).data && !KONG_ADMIN_TOKEN && !KONG_ADMIN_TOKEN_SECRET_ARN)
    return ['KONG_ADMIN_TOKEN or KONG_ADMIN_TOKEN_SECRET_ARN is required while KONG_SUPERADMIN is true'];
  return [];
}
