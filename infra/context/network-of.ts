import { Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { AwsEndpoints } from '../constructs/aws-endpoints.ts';
import { ContextError } from './context-error.ts';
import type { DeploymentConfig } from './schema.ts';

/** Where everything is placed. */
export interface Network {
  readonly vpc: ec2.IVpc;
  readonly vpcSubnets: ec2.SubnetSelection;
  readonly endpoints: AwsEndpoints | undefined;
}

/**
 * The VPC and subnets that `config` names, and the endpoints that it asks for.
 *
 * @throws {ContextError} when a subnet is not of the VPC
 */
export function networkOf(scope: Construct, config: DeploymentConfig): Network {
  const vpc = vpcOf(scope, config);
  const vpcSubnets = subnetsOf(vpc, config);
  const endpoints = config.endpoints && new AwsEndpoints(scope, 'Endpoints', { vpc, vpcSubnets });
  return { vpc, vpcSubnets, endpoints };
}

/** With subnets, zones and CIDR given nothing is looked up, and the app can be synthesised without credentials. */
function vpcOf(scope: Construct, config: DeploymentConfig): ec2.IVpc {
  const { vpcId, subnetIds, availabilityZones, vpcCidr } = config;
  if (!subnetIds || !availabilityZones || vpcCidr === undefined) return ec2.Vpc.fromLookup(scope, 'Vpc', { vpcId });
  const vpc = ec2.Vpc.fromVpcAttributes(scope, 'Vpc', {
    vpcId,
    vpcCidrBlock: vpcCidr,
    availabilityZones,
    privateSubnetIds: subnetIds,
  });
  Validations.of(vpc).acknowledge({
    id: '@aws-cdk/aws-ec2:noSubnetRouteTableId',
    reason: 'Nothing here reads or changes route tables.',
  });
  return vpc;
}

/** The given subnets, of whatever kind: one whose way out is a firewall or a VPN counts as isolated in a look-up. */
function subnetsOf(vpc: ec2.IVpc, config: DeploymentConfig): ec2.SubnetSelection {
  const { vpcId, subnetIds, availabilityZones, endpoints } = config;
  // Until the CDK CLI has looked it up, another VPC stands in.
  const pending = vpc.vpcId !== vpcId;
  if (!subnetIds || availabilityZones || pending) return { subnetType: privateType(vpc, endpoints !== undefined) };
  const all = [...vpc.privateSubnets, ...vpc.isolatedSubnets, ...vpc.publicSubnets];
  const unknown = subnetIds.filter((id) => !all.some(({ subnetId }) => subnetId === id));
  if (unknown.length > 0)
    throw new ContextError([
      `subnetIds must be subnets of ${vpcId}, got ${unknown.join(', ')}; it has ${all.map(({ subnetId }) => subnetId).join(', ')}`,
    ]);
  return { subnets: all.filter(({ subnetId }) => subnetIds.includes(subnetId)) };
}

/** Those with a way out; with endpoints none is needed, and there may be none. */
function privateType(vpc: ec2.IVpc, withEndpoints: boolean): ec2.SubnetType {
  return withEndpoints && vpc.privateSubnets.length === 0
    ? ec2.SubnetType.PRIVATE_ISOLATED
    : ec2.SubnetType.PRIVATE_WITH_EGRESS;
}
