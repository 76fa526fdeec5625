import { CheckpointError, KongAuthError, KongResponseError, KongUnreachableError, SecretError } from './errors.ts';
import { AUDIT_REQUESTS } from './kong/page.ts';
import { isCertificateProblem } from './kong/problem.ts';

/** A connection tried by `check` itself did not come about. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
}

/** What to do when `GET path` of the Admin API failed with this error. */
export const kongFix =
  (path: string) =>
  (error: unknown): string => {
    if (error instanceof KongUnreachableError)
      return isCertificateProblem(error.cause)
        ? 'Put the CA that signed Kong’s certificate into KONG_ROOT_CA; KONG_ADMIN_API must name a host the certificate covers.'
        : 'Check KONG_ADMIN_API (http or https, host, port), the security groups between function and Kong, routes, and that Kong is up.';
    if (error instanceof KongAuthError) return accessFix(error, path);
    if (error instanceof KongResponseError) return answerFix(error, path);
    if (error instanceof Error && error.name === 'DeadlineReached')
      return 'Kong takes the connection and does not answer: look at its load and its database, and at what stands between.';
    if (error instanceof SecretError)
      return 'Make the secret of KONG_ADMIN_TOKEN_SECRET_ARN readable, with the token in it.';
    return 'See detail.';
  };

function accessFix({ status, message }: KongAuthError, path: string): string {
  if (/licen[cs]e/i.test(message)) return 'Renew the Kong Enterprise licence.';
  if (status === 401) return 'Set KONG_SUPERADMIN=true and put a valid RBAC token into KONG_ADMIN_TOKEN or its secret.';
  const why = path === '/' ? 'for version and hostname' : 'without it nothing can be forwarded';
  return `Give the token's RBAC role the read permission on the endpoint ${path} (${why}).`;
}

function answerFix({ status }: KongResponseError, path: string): string {
  if (status === 404 && path === AUDIT_REQUESTS)
    return 'Set audit_log=on in kong.conf on every control plane node and restart Kong; the Admin API must be Kong Gateway Enterprise.';
  if (status >= 500) return 'Look into Kong’s error log; is its database up?';
  if (status === 429) return 'Something limits requests to Kong: exempt the function, or try again later.';
  return 'Make KONG_ADMIN_API the URL of the Admin API itself, path prefix included.';
}

export const ledgerFix = (): string => 'Check REDIS_HOST, REDIS_DB, REDIS_TLS and the password.';

export const checkpointFix = (error: unknown): string =>
  error instanceof CheckpointError ? 'Reset it, or deploy the newer version again, as detail says.' : 'See detail.';

export const credentialsFix = (): string =>
  'Give the function a role with cloudtrail-data:PutAuditEvents on the channel.';

/** What to do when CloudTrail's endpoint is not known, or does not take a connection. */
export function endpointFix(error: unknown): string {
  if (!(error instanceof ConnectError))
    return 'Correct AWS_ENDPOINT_URL_CLOUDTRAIL_DATA, AWS_USE_FIPS_ENDPOINT or the other variables of the AWS SDK.';
  if (isCertificateProblem(error.cause))
    return 'Something between the function and AWS answers with its own certificate: let it pass, or give its CA in NODE_EXTRA_CA_CERTS.';
  return 'There is no PrivateLink endpoint for cloudtrail-data: the subnets need a NAT or another way out on 443, and the security group must allow it.';
}
