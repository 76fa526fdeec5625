import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { AwsService } from './aws-service.ts';

export interface AwsEndpointsProps {
  /** Where the endpoints are. Only one interface endpoint of a service in a VPC can have private DNS. */
  readonly vpc: ec2.IVpc;

  /** Subnets of the endpoints, which are the function's; one of each zone is used. */
  readonly vpcSubnets: ec2.SubnetSelection;
}

/**
 * Interface endpoints for the AWS APIs that forwarders call, so that their VPC needs no way out to the internet. Each is made once, when a forwarder asks
 * for it, and is billed by the hour and zone.
 *
 * Private DNS sends **everything** in the VPC that calls these APIs here. So the whole VPC may connect, not the forwarders alone: anything else would cut
 * off whoever else writes logs or reads secrets.
 */
export class AwsEndpoints extends Construct implements ec2.IConnectable {
  readonly connections: ec2.Connections;
  readonly securityGroup: ec2.SecurityGroup;
  readonly #props: AwsEndpointsProps;
  readonly #made = new Map<string, ec2.InterfaceVpcEndpoint>();

  constructor(scope: Construct, id: string, props: AwsEndpointsProps) {
    super(scope, id);
    this.#props = props;
    this.securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      description: 'Interface endpoints made for the Kong audit forwarder: HTTPS from this VPC',
      allowAllOutbound: false,
    });
    this.connections = new ec2.Connections({ securityGroups: [this.securityGroup], defaultPort: ec2.Port.HTTPS });
    this.connections.allowDefaultPortFrom(ec2.Peer.ipv4(props.vpc.vpcCidrBlock), 'HTTPS from this VPC');
  }

  /**
   * Makes sure that `service` can be reached here.
   *
   * @throws when it has no interface endpoint
   */
  add({ title, endpoint }: AwsService): ec2.InterfaceVpcEndpoint {
    if (!endpoint)
      throw new Error(`endpoints cannot be used: what is called of ${title} has no interface endpoint in a VPC`);
    const made =
      this.#made.get(title) ??
      new ec2.InterfaceVpcEndpoint(this, title.replaceAll(' ', ''), {
        vpc: this.#props.vpc,
        service: endpoint,
        subnets: { subnets: onePerZone(this.#props.vpc.selectSubnets(this.#props.vpcSubnets).subnets) },
        securityGroups: [this.securityGroup],
        privateDnsEnabled: true,
        open: false,
      });
    this.#made.set(title, made);
    return made;
  }
}

/** An endpoint takes one subnet of a zone (EC2, CreateVpcEndpoint); `onePerAz` of CDK does not look at subnets that are given one by one. */
function onePerZone(subnets: readonly ec2.ISubnet[]): ec2.ISubnet[] {
  return [...new Map(subnets.toReversed().map((subnet) => [subnet.availabilityZone, subnet])).values()].toReversed();
}
