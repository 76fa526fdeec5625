import { Duration, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { ForwarderScope } from './forwarder-scope.ts';
import { withoutTokens } from './function-environment.ts';
import { kongAdminToken } from './kong-admin-token.ts';
import type { Source, SourceBinding } from './source.ts';

/** How the audit log is read; `auto` goes by Kong's version. */
export type KongScan = 'auto' | 'filtered' | 'newest-first' | 'full-scan';

export interface KongSourceProps {
  /** URL of Kong's Admin API, path prefix included. Egress is opened to its port. */
  readonly adminApi: string;

  /**
   * Where Kong is: its security group, to which an ingress rule is added, or a range of addresses.
   *
   * @default - anywhere in the VPC's primary CIDR
   */
  readonly peer?: ec2.IConnectable;

  /**
   * Whether Kong wants a token, though no `token` is given: an empty secret is made, to be filled by hand.
   *
   * @default false
   */
  readonly superadmin?: boolean;

  /**
   * Holds the RBAC token for Kong's Admin API.
   *
   * @default - no token is sent, unless `superadmin`
   */
  readonly token?: secretsmanager.ISecret;

  /**
   * PEM of the authority that signs the Admin API's certificate. The environment has room for one or two certificates.
   *
   * @default - the authorities that Node.js trusts
   */
  readonly rootCa?: string;

  /**
   * Entries per request to Kong, 1 to 1000.
   *
   * @default 1000
   */
  readonly pageSize?: number;

  /**
   * How the audit log is read.
   *
   * @default 'auto' - by Kong's version, verified at run time
   */
  readonly scan?: KongScan;

  /**
   * Whether the entries that reading the audit log causes are forwarded, too.
   *
   * @default false
   */
  readonly forwardOwnRequests?: boolean;
}

/** The audit log of a self-managed Kong Gateway Enterprise control plane. */
export class KongSource implements Source {
  readonly #props: KongSourceProps;

  constructor(props: KongSourceProps) {
    this.#props = props;
  }

  bind(forwarder: ForwarderScope): SourceBinding {
    const { adminApi, peer, superadmin, rootCa, pageSize, scan, forwardOwnRequests } = this.#props;
    const made = superadmin && !this.#props.token ? kongAdminToken(forwarder) : undefined;
    const token = this.#props.token ?? made?.secret;
    const route = { title: 'Kong', port: ec2.Port.tcp(portOf(adminApi)) };
    if (token && adminApi.startsWith('http:'))
      Validations.of(forwarder).addWarning(
        'kong-audit:tokenOverHttp',
        `The token is sent to ${withoutTokens(adminApi)} unencrypted: whoever sees the traffic can use it. Give the Admin API's https address.`,
      );
    return {
      title: "Kong's audit log",
      variables: {
        kongAdminApi: adminApi,
        kongSuperadmin: token ? true : undefined,
        kongAdminTokenSecretArn: token?.secretArn,
        kongRootCa: rootCa,
        kongPageSize: pageSize,
        kongScan: scan,
        forwardOwnRequests,
      },
      secrets: token ? [token] : [],
      routes: [
        peer?.connections.securityGroups.length
          ? { ...route, to: peer, description: `${forwarder.resourceName} to the Admin API of Kong` }
          : { ...route, to: peer ?? ec2.Peer.ipv4(forwarder.vpc.vpcCidrBlock), description: 'Admin API of Kong' },
      ],
      // Kong's default of `audit_log_record_ttl`.
      retention: Duration.days(30),
      authenticated: token !== undefined,
      rescue: 'save what GET /audit/requests returns: it can be proven later, a purged entry cannot',
      outputs: made ? [made.output] : [],
    };
  }
}

function portOf(url: string): number {
  const { port, protocol } = new URL(withoutTokens(url));
  return Number(port) || (protocol === 'http:' ? 80 : 443);
}
