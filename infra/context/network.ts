import { type Given, has, problemsOf, regionOfArn } from './given.ts';
import * as value from './values.ts';

/** Keys of the network that the function is in. */
export const networkKeys = {
  vpcId: value.vpcId,
  subnetIds: value.subnetIds.exactOptional(),
  availabilityZones: value.availabilityZones.exactOptional(),
  vpcCidr: value.cidrv4.exactOptional(),
  endpoints: value.oneOf(['create']).exactOptional(),
};

/** With all of these nothing is looked up. */
const LOOKED_UP = ['subnetIds', 'availabilityZones', 'vpcCidr'] as const;

/** What is called through an endpoint is in the endpoint's Region. */
const CALLED = ['logGroupArn', 'sourceLogGroupArn', 'kongAdminTokenSecretArn', 'redisPasswordSecretArn'] as const;

export function networkProblems(given: Given): string[] {
  const { subnetIds, availabilityZones, endpoints, useFipsEndpoint } = given.values;
  const region = given.region ?? '';
  const foreignZones = availabilityZones?.filter((zone) => regionOfZone(zone) !== (given.region ?? regionOfZone(zone)));
  const zoneRegions = new Set(availabilityZones?.map(regionOfZone));
  return problemsOf([
    [
      (has(given, 'availabilityZones') || has(given, 'vpcCidr')) && !LOOKED_UP.every((key) => has(given, key)),
      'availabilityZones and vpcCidr are used only together with subnetIds; give all three, only subnetIds, or none',
    ],
    [
      subnetIds && availabilityZones && new Set(availabilityZones).size !== subnetIds.length,
      'availabilityZones must name the zone of each of subnetIds, in the same order, each zone once',
    ],
    [
      foreignZones && foreignZones.length > 0,
      `availabilityZones must be zones of ${region}, the Region of the deployment, got ${foreignZones?.join(', ') ?? ''}`,
    ],
    [
      given.region === undefined && zoneRegions.size > 1,
      `availabilityZones must be zones of one Region, got ${[...zoneRegions].join(' and ')}`,
    ],
    [
      endpoints && useFipsEndpoint,
      'endpoints and useFipsEndpoint are both given; keep one of them: the interface endpoints do not answer under the FIPS names',
    ],
    ...CALLED.map((key) => {
      const place = regionOfArn(given.values[key]);
      return [
        endpoints && place !== undefined && place !== deploymentRegion(given, place),
        `${key} must be in ${deploymentRegion(given, place ?? '')}, the Region of the endpoints that endpoints=create makes, got one in ${place ?? ''}`,
      ] as const;
    }),
    [
      !(given.account && given.region) && LOOKED_UP.some((key) => !has(given, key)),
      "vpcId cannot be looked up: that needs credentials of the VPC's account and its Region (such as AWS_PROFILE and AWS_REGION); " +
        'or give subnetIds, availabilityZones and vpcCidr, and nothing is looked up',
    ],
  ]);
}

/** The Region of the deployment: as the credentials say, or as the zones do; `otherwise` where neither does. */
function deploymentRegion({ region, values }: Given, otherwise: string): string {
  const [zone] = values.availabilityZones ?? [];
  return region ?? (zone === undefined ? otherwise : regionOfZone(zone));
}

/** `eu-west-1a` is in eu-west-1, and so is a local zone such as `us-west-2-lax-1a` in us-west-2. */
const regionOfZone = (zone: string): string => /^[a-z]+(?:-[a-z]+)+-\d+/.exec(zone)?.[0] ?? zone;
