import { partition } from '@aws-sdk/core/client';
import { EndpointError } from '@smithy/core/endpoints';
import type { EndpointParameters, EndpointV2 } from '@smithy/types';

/** What decides where a request goes, by the names of the service's endpoint rules. */
export interface CloudTrailDataEndpointParameters extends EndpointParameters {
  Region?: string | undefined;
  UseDualStack?: boolean | undefined;
  UseFIPS?: boolean | undefined;
  Endpoint?: string | undefined;
}

/** Which of the client's settings each of them is. */
export const endpointParameterInstructions = {
  UseFIPS: { type: 'builtInParams', name: 'useFipsEndpoint' },
  Endpoint: { type: 'builtInParams', name: 'endpoint' },
  Region: { type: 'builtInParams', name: 'region' },
  UseDualStack: { type: 'builtInParams', name: 'useDualstackEndpoint' },
} as const;

/**
 * Returns the service's address: the configured one, else the Region's in its partition (`amazonaws.com`, `amazonaws.com.cn` …).
 *
 * @throws EndpointError when the settings exclude each other.
 */
export function resolveEndpoint(parameters: CloudTrailDataEndpointParameters): EndpointV2 {
  const { Region: region, Endpoint: endpoint, UseFIPS: fips = false, UseDualStack: dualStack = false } = parameters;
  if (endpoint !== undefined) {
    if (fips) throw new EndpointError('Invalid Configuration: FIPS and custom endpoint are not supported');
    if (dualStack) throw new EndpointError('Invalid Configuration: Dualstack and custom endpoint are not supported');
    return { url: new URL(endpoint) };
  }
  if (region === undefined) throw new EndpointError('Invalid Configuration: Missing Region');

  const { dnsSuffix, dualStackDnsSuffix } = partition(region);
  const service = fips ? 'cloudtrail-data-fips' : 'cloudtrail-data';
  return { url: new URL(`https://${service}.${region}.${dualStack ? dualStackDnsSuffix : dnsSuffix}`) };
}
