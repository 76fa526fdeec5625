import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { AwsEndpoints } from './aws-endpoints.ts';
import type { AwsService } from './aws-service.ts';
import type { Route } from './binding.ts';

export interface EgressProps {
  /** Whom a rule is for, where it is seen in a security group of somebody else. */
  readonly name: string;
  readonly routes: readonly Route[];
  readonly services: readonly AwsService[];

  /**
   * Through what AWS is called.
   *
   * @default - anywhere on port 443
   */
  readonly endpoints?: AwsEndpoints | undefined;
}

/**
 * Opens a security group's way out to `routes` and to AWS, and nowhere else. Names are resolved by the VPC's own DNS, which no security group filters.
 */
export function openEgress({ connections }: ec2.SecurityGroup, { name, routes, services, endpoints }: EgressProps) {
  for (const { to, port, description } of routes)
    if (port) connections.allowTo(to, port, description);
    else connections.allowToDefaultPort(to, description);
  if (services.length === 0) return;
  if (endpoints) {
    for (const service of services) endpoints.add(service);
    connections.allowToDefaultPort(endpoints, `${name} to AWS`);
  } else {
    connections.allowToAnyIpv4(ec2.Port.HTTPS, [...new Set(services.map(({ title }) => title))].join(', '));
  }
}
