import {
  getHostHeaderPlugin,
  getLoggerPlugin,
  getRecursionDetectionPlugin,
  getUserAgentPlugin,
  resolveHostHeaderConfig,
  resolveUserAgentConfig,
  type HostHeaderInputConfig,
  type HostHeaderResolvedConfig,
  type UserAgentInputConfig,
  type UserAgentResolvedConfig,
} from '@aws-sdk/core/client';
import { getHttpAuthSchemeEndpointRuleSetPlugin, getHttpSigningPlugin } from '@smithy/core';
import {
  Client,
  type DefaultsMode,
  type SmithyConfiguration,
  type SmithyResolvedConfiguration,
} from '@smithy/core/client';
import { resolveRegionConfig, type RegionInputConfig, type RegionResolvedConfig } from '@smithy/core/config';
import { resolveEndpointConfig, type EndpointInputConfig, type EndpointResolvedConfig } from '@smithy/core/endpoints';
import { getContentLengthPlugin, type HttpHandlerUserInput } from '@smithy/core/protocols';
import {
  getRetryPlugin,
  resolveRetryConfig,
  type RetryInputConfig,
  type RetryResolvedConfig,
} from '@smithy/core/retry';
import { getSchemaSerdePlugin } from '@smithy/core/schema';
import type {
  AwsCredentialIdentityProvider,
  BodyLengthCalculator,
  CheckOptionalClientConfig,
  $ClientProtocol,
  ChecksumConstructor,
  Decoder,
  Encoder,
  HttpHandlerOptions,
  Logger,
  Pluggable,
  Provider,
  StreamCollector,
  UrlParser,
  UserAgent,
} from '@smithy/types';
import {
  authParameters,
  identityProviders,
  resolveAuthConfig,
  SIGNING_NAME,
  type AuthInputConfig,
  type AuthResolvedConfig,
} from './auth.ts';
import { withDefaults } from './config.ts';
import type { CloudTrailDataEndpointParameters } from './endpoint.ts';
import type { ServiceInputTypes, ServiceOutputTypes } from './put-audit-events.ts';

interface ClientDefaults {
  /** An HTTP handler, or the options of the SDK's own. Time limits are there (README, "Time limits"). */
  requestHandler?: HttpHandlerUserInput;
  /** AWS Region to send requests to. Default: `AWS_REGION`, then the shared config file. */
  region?: string | Provider<string>;
  /** Profile of the shared config file. Default: `AWS_PROFILE`. */
  profile?: string;
  /** Attempts per request, the first included. Default: `AWS_MAX_ATTEMPTS`, then 3. */
  maxAttempts?: number | Provider<number>;
  /** `standard` or `adaptive`. Default: `AWS_RETRY_MODE`, then `standard`. */
  retryMode?: string | Provider<string>;
  /** Default: logs nothing. */
  logger?: Logger;
  /** Default: `AWS_USE_DUALSTACK_ENDPOINT`, then false. */
  useDualstackEndpoint?: boolean | Provider<boolean>;
  /** Default: `AWS_USE_FIPS_ENDPOINT`, then false. */
  useFipsEndpoint?: boolean | Provider<boolean>;
  defaultsMode?: DefaultsMode | Provider<DefaultsMode>;
  defaultUserAgentProvider?: Provider<UserAgent>;
  credentialDefaultProvider?: (input: unknown) => AwsCredentialIdentityProvider;
  disableHostPrefix?: boolean;
  serviceId?: string;
  runtime?: string;
  sha256?: ChecksumConstructor;
  urlParser?: UrlParser;
  bodyLengthChecker?: BodyLengthCalculator;
  streamCollector?: StreamCollector;
  base64Decoder?: Decoder;
  base64Encoder?: Encoder;
  utf8Decoder?: Decoder;
  utf8Encoder?: Encoder;
}

/**
 * What the client's constructor takes; all of it is optional.
 *
 * Time limits are options of `requestHandler`, in milliseconds (README, "Time limits").
 */
export type CloudTrailDataClientConfig = Partial<SmithyConfiguration<HttpHandlerOptions>> &
  ClientDefaults &
  UserAgentInputConfig &
  RetryInputConfig &
  RegionInputConfig &
  HostHeaderInputConfig &
  EndpointInputConfig<CloudTrailDataEndpointParameters> &
  AuthInputConfig;

/** The same with every default filled in and every setting behind a provider. */
export type CloudTrailDataClientResolvedConfig = SmithyResolvedConfiguration<HttpHandlerOptions> & {
  protocol: $ClientProtocol<unknown, unknown>;
} & Required<Omit<ClientDefaults, 'profile' | 'requestHandler'>> &
  UserAgentResolvedConfig &
  RetryResolvedConfig &
  RegionResolvedConfig &
  HostHeaderResolvedConfig &
  EndpointResolvedConfig<CloudTrailDataEndpointParameters> &
  AuthResolvedConfig;

/** The client of the CloudTrail Data service. It holds a pool of connections: `destroy()` closes them. */
export class CloudTrailDataClient extends Client<
  HttpHandlerOptions,
  ServiceInputTypes,
  ServiceOutputTypes,
  CloudTrailDataClientResolvedConfig
> {
  constructor(...[configuration]: CheckOptionalClientConfig<CloudTrailDataClientConfig>) {
    // Every resolver below returns the object it is given, completed in place; so the one `super` keeps is the resolved one.
    const defaults = Object.assign(withDefaults(configuration ?? {}), { defaultSigningName: SIGNING_NAME });
    super(defaults as unknown as CloudTrailDataClientResolvedConfig);
    const config = resolveAuthConfig(
      resolveEndpointConfig(
        resolveHostHeaderConfig(resolveRegionConfig(resolveRetryConfig(resolveUserAgentConfig(defaults)))),
      ),
    );
    this.initConfig = config;
    const plugins: Pluggable<ServiceInputTypes, ServiceOutputTypes>[] = [
      getSchemaSerdePlugin(this.config),
      getUserAgentPlugin(config),
      getRetryPlugin(config),
      getContentLengthPlugin(config),
      getHostHeaderPlugin(config),
      getLoggerPlugin(config),
      getRecursionDetectionPlugin(config),
      getHttpAuthSchemeEndpointRuleSetPlugin(config, {
        httpAuthSchemeParametersProvider: authParameters,
        identityProviderConfigProvider: identityProviders,
      }),
      getHttpSigningPlugin(config),
    ];
    for (const plugin of plugins) this.middlewareStack.use(plugin);
  }
}
