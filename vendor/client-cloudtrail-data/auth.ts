import {
  AwsSdkSigV4Signer,
  resolveAwsSdkSigV4Config,
  type AwsSdkSigV4AuthInputConfig,
  type AwsSdkSigV4AuthResolvedConfig,
  type AwsSdkSigV4PreviouslyResolved,
} from '@aws-sdk/core/httpAuthSchemes';
import { DefaultIdentityProviderConfig } from '@smithy/core';
import { getSmithyContext, normalizeProvider } from '@smithy/core/client';
import type {
  AwsCredentialIdentityProvider,
  HandlerExecutionContext,
  HttpAuthOption,
  HttpAuthScheme,
  HttpAuthSchemeParameters,
  HttpAuthSchemeProvider,
  Provider,
} from '@smithy/types';

/** The name under which requests to this service are signed. */
export const SIGNING_NAME = 'cloudtrail-data';
const SIGV4 = 'aws.auth#sigv4';

interface AuthParameters extends HttpAuthSchemeParameters {
  region?: string;
}

export interface AuthInputConfig extends AwsSdkSigV4AuthInputConfig {
  /** Names of authentication schemes, most wanted first. The service knows one: `sigv4`. */
  authSchemePreference?: string[] | Provider<string[]>;
  httpAuthSchemes?: HttpAuthScheme[];
  httpAuthSchemeProvider?: HttpAuthSchemeProvider<AuthParameters>;
}

export interface AuthResolvedConfig extends AwsSdkSigV4AuthResolvedConfig {
  readonly authSchemePreference: Provider<string[]>;
  readonly httpAuthSchemes: HttpAuthScheme[];
  readonly httpAuthSchemeProvider: HttpAuthSchemeProvider<AuthParameters>;
}

/** Resolves credentials and signer; the credentials default to the SDK's own chain, in `credentialDefaultProvider`. */
export function resolveAuthConfig<T>(config: T & AuthInputConfig & AwsSdkSigV4PreviouslyResolved) {
  const resolved = resolveAwsSdkSigV4Config(config);
  return Object.assign(resolved, { authSchemePreference: normalizeProvider(config.authSchemePreference ?? []) });
}

/** Signs with the client's credentials. */
export async function identityProviders({ credentials }: { credentials: AwsCredentialIdentityProvider }) {
  return Promise.resolve(new DefaultIdentityProviderConfig({ [SIGV4]: credentials }));
}

/** @throws when no region is configured: a signature cannot do without. */
export async function authParameters(
  config: { region: Provider<string>; credentials: AwsCredentialIdentityProvider },
  context: HandlerExecutionContext,
): Promise<AuthParameters> {
  const { operation } = getSmithyContext(context) as { operation: string };
  return { operation, region: await config.region() };
}

export function sigV4Scheme(): HttpAuthScheme {
  return {
    schemeId: SIGV4,
    identityProvider: (identities) => identities.getIdentityProvider(SIGV4),
    signer: new AwsSdkSigV4Signer(),
  };
}

/** Every operation is signed with SigV4. */
export function authOptions({ region }: AuthParameters): HttpAuthOption[] {
  return [
    {
      schemeId: SIGV4,
      signingProperties: { name: SIGNING_NAME, region },
      propertiesExtractor: (config, context) => ({ signingProperties: { config, context } }),
    },
  ];
}
