import { LedgerError } from '../../errors.ts';

/** What went wrong, in words for the person who can put it right. */
export interface Explanation {
  /** Completes the sentence "Redis at host:port …". */
  readonly problem: string;
  readonly fix: string;
  /** Whether waiting and a new connection may help: a failover, a restart, a network that drops. */
  readonly transient: boolean;
}

/** Matches Redis's error `code`, as the reply itself or as the reply of a command within a script (Redis before 7). */
const reply = (code: string): RegExp => new RegExp(`(?:^|[ -])(?:${code}) `);

const EXPLANATIONS: readonly (Explanation & { readonly pattern: RegExp })[] = [
  {
    pattern: /ECONNREFUSED/,
    transient: true,
    problem: 'refused the connection',
    fix: 'Check that Redis runs there and that REDIS_HOST names its host and port.',
  },
  {
    pattern: /ENOTFOUND|EAI_AGAIN/,
    transient: true,
    problem: 'has a host name that cannot be resolved',
    fix: "Check the host in REDIS_HOST, and that the function's VPC resolves it.",
  },
  {
    pattern: /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|timed out/,
    transient: true,
    problem: 'did not answer in time',
    fix: "Check that Redis's security group admits the function, that a route leads there, and that REDIS_TLS is what the server expects.",
  },
  {
    pattern: /ECONNRESET|EPIPE|Connection is closed|Stream isn't writeable|ECONNABORTED|socket disconnected/,
    transient: true,
    problem: 'closed the connection',
    fix: 'Check whether Redis restarted, and that REDIS_TLS is what the server expects.',
  },
  {
    pattern: /^the ledger was closed$/,
    transient: false,
    problem: 'was let go',
    fix: 'This is a bug of this program: the ledger is closed after its last use. Please report it.',
  },
  {
    pattern: /CERT|SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH/,
    transient: false,
    problem: 'has a TLS certificate that cannot be trusted',
    fix: 'Put the CA that signed it in a PEM file named by NODE_EXTRA_CA_CERTS, and use the host name the certificate was issued for.',
  },
  {
    pattern: /EPROTO|ERR_SSL|ERR_TLS/,
    transient: false,
    problem: 'does not speak TLS as expected',
    fix: 'Set REDIS_TLS=false if the server takes plain connections; otherwise check its TLS versions and ciphers.',
  },
  {
    pattern: /WRONGPASS|invalid password|invalid username/,
    transient: false,
    problem: 'refused the user name or the password',
    fix: 'Check REDIS_USERNAME and REDIS_PASSWORD (or the secret behind REDIS_PASSWORD_SECRET_ARN).',
  },
  {
    pattern: /NOAUTH/,
    transient: false,
    problem: 'wants a password and got none',
    fix: 'Set REDIS_PASSWORD or REDIS_PASSWORD_SECRET_ARN (and REDIS_USERNAME for a user of its own).',
  },
  {
    // Redis 7.0 words it differently within a script.
    pattern: /NOPERM|ACL failure|user executing the script can't/,
    transient: false,
    problem: 'does not permit this user what the ledger needs',
    fix: 'Grant it: ACL SETUSER <user> ~kong-audit:* +@read +@write +@scripting +@connection +info.',
  },
  {
    pattern: reply('OOM'),
    transient: false,
    problem: 'is out of memory and refused the write',
    fix: 'Raise maxmemory or take a larger node, or move other data away; seen keys leave only as their entries expire in Kong.',
  },
  {
    pattern: reply('READONLY'),
    transient: true,
    problem: 'is a replica and takes no writes',
    fix: 'REDIS_HOST must name the primary endpoint; if a failover is under way, the next run will succeed.',
  },
  {
    pattern: reply('LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS'),
    transient: true,
    problem: 'is not ready',
    fix: 'Wait until it is; if it stays so, look at its log.',
  },
  {
    pattern: /max number of clients|max clients/,
    transient: true,
    problem: 'takes no more connections',
    fix: 'Raise maxclients, or find who holds so many connections (CLIENT LIST).',
  },
  {
    pattern: /^(?:MOVED|ASK) |cluster mode/,
    transient: false,
    problem: 'is one shard of a cluster',
    fix: 'Use a Redis with cluster mode disabled (the ledger is small and lives in one hash slot), with REDIS_DB 0 if the endpoint hides a cluster.',
  },
  {
    pattern: /DB index is out of range/,
    transient: false,
    problem: 'has no database of that number',
    fix: 'Correct REDIS_DB.',
  },
  {
    pattern: reply('MISCONF'),
    transient: false,
    problem: 'cannot save its data to disk and so refuses writes',
    fix: "Look at Redis's log: its disk is full or not writable.",
  },
  {
    pattern: reply('WRONGTYPE'),
    transient: false,
    problem: 'holds a value of another type under one of the ledger’s keys',
    fix: 'Something else writes keys that start with kong-audit: there; give it another database or prefix, and delete the wrong key.',
  },
];

const UNKNOWN: Explanation = {
  transient: false,
  problem: 'answered with an error',
  fix: "Look at Redis's log for the time of this error.",
};

/** What `error`, from ioredis, Node or Redis, means. */
export function explain(error: unknown): Explanation {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  const text = `${code} ${message}`.trimStart();
  return EXPLANATIONS.find(({ pattern }) => pattern.test(text)) ?? UNKNOWN;
}

/** What a message may say of a connection. `secret` is what it must never say. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly secret: string | undefined;
}

/** `error` as the failure of `doing` ("looking up 12 ids"). */
export function toLedgerError(error: unknown, doing: string, target: Target): LedgerError {
  const cause = harmless(error, target.secret);
  const { problem, fix } = explain(error);
  return new LedgerError(`Redis at ${target.host}:${target.port} ${problem} while ${doing} (${cause.message}).`, {
    fix,
    cause,
  });
}

/**
 * A copy of `error` that is safe to log. ioredis hangs the failed command with its arguments on the error (for AUTH that is
 * the password, for a write the entries), and Redis quotes the arguments of commands it does not know.
 */
function harmless(error: unknown, secret: string | undefined): Error {
  const { name = 'Error', code, message = '' } = error as { name?: string; code?: string; message?: string };
  const text = secret === undefined || secret === '' ? message : message.replaceAll(secret, '***');
  const copy = new Error(text.length > 300 ? `${text.slice(0, 300)}…` : text);
  copy.name = name;
  return Object.assign(copy, code === undefined ? {} : { code });
}
