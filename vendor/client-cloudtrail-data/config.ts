import {
  createDefaultUserAgentProvider,
  emitWarningIfUnsupportedVersion as emitAwsWarningIfUnsupportedVersion,
  NODE_APP_ID_CONFIG_OPTIONS,
} from '@aws-sdk/core/client';
import { NODE_AUTH_SCHEME_PREFERENCE_OPTIONS } from '@aws-sdk/core/httpAuthSchemes';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { Sha256 } from '@smithy/core/checksum';
import { emitWarningIfUnsupportedVersion, loadConfigsForDefaultMode, NoOpLogger } from '@smithy/core/client';
import {
  loadConfig,
  type LoadedConfigSelectors,
  NODE_REGION_CONFIG_FILE_OPTIONS,
  NODE_REGION_CONFIG_OPTIONS,
  nodeDualstackConfigSelectors,
  nodeFipsConfigSelectors,
  resolveDefaultsModeConfig,
} from '@smithy/core/config';
import { parseUrl } from '@smithy/core/protocols';
import {
  DEFAULT_RETRY_MODE,
  NODE_MAX_ATTEMPT_CONFIG_OPTIONS,
  NODE_RETRY_MODE_CONFIG_OPTIONS,
} from '@smithy/core/retry';
import { calculateBodyLength, fromBase64, fromUtf8, toBase64, toUtf8 } from '@smithy/core/serde';
import { NodeHttpHandler, streamCollector } from '@smithy/node-http-handler';
import type { Provider } from '@smithy/types';
import { authOptions, sigV4Scheme } from './auth.ts';
import type { CloudTrailDataClientConfig } from './client.ts';
import { resolveEndpoint } from './endpoint.ts';
import packageJson from './package.json' with { type: 'json' };
import { CloudTrailDataProtocol } from './protocol.ts';
import { errorTypeRegistries, NAMESPACE } from './schema.ts';

/**
 * Fills what `config` leaves open, each from where AWS clients look for it: environment, shared config file, default.
 *
 * Nothing is read yet: what comes from outside is a provider that the first request calls.
 */
export function withDefaults(config: CloudTrailDataClientConfig) {
  emitWarningIfUnsupportedVersion(process.version);
  emitAwsWarningIfUnsupportedVersion(process.version);
  // The variable AWS_ENDPOINT_URL_CLOUDTRAIL_DATA gets its name from this.
  const serviceId = config.serviceId ?? 'CloudTrail Data';
  const logger = config.logger ?? new NoOpLogger();
  const source = { ...(config.profile !== undefined && { profile: config.profile }), logger };
  const defaultsMode = resolveDefaultsModeConfig(config);
  const modeDefaults = () => defaultsMode().then(loadConfigsForDefaultMode);
  const retryMode = {
    ...NODE_RETRY_MODE_CONFIG_OPTIONS,
    default: async () => (await modeDefaults()).retryMode ?? DEFAULT_RETRY_MODE,
  };
  const flag = (selectors: LoadedConfigSelectors<boolean | undefined>) =>
    loadConfig<boolean | undefined>({ ...selectors, default: false }, source) as Provider<boolean>;

  return {
    ...config,
    apiVersion: '2021-08-11',
    runtime: 'node',
    serviceId,
    logger,
    defaultsMode,
    authSchemePreference: config.authSchemePreference ?? loadConfig(NODE_AUTH_SCHEME_PREFERENCE_OPTIONS, source),
    base64Decoder: config.base64Decoder ?? fromBase64,
    base64Encoder: config.base64Encoder ?? toBase64,
    bodyLengthChecker: config.bodyLengthChecker ?? calculateBodyLength,
    credentialDefaultProvider: config.credentialDefaultProvider ?? defaultProvider,
    defaultUserAgentProvider:
      config.defaultUserAgentProvider ??
      createDefaultUserAgentProvider({ serviceId, clientVersion: packageJson.version }),
    disableHostPrefix: config.disableHostPrefix ?? false,
    endpointProvider: config.endpointProvider ?? resolveEndpoint,
    httpAuthSchemeProvider: config.httpAuthSchemeProvider ?? authOptions,
    httpAuthSchemes: config.httpAuthSchemes ?? [sigV4Scheme()],
    maxAttempts: config.maxAttempts ?? loadConfig(NODE_MAX_ATTEMPT_CONFIG_OPTIONS, config),
    protocol: config.protocol ?? CloudTrailDataProtocol,
    protocolSettings: config.protocolSettings ?? { defaultNamespace: NAMESPACE, errorTypeRegistries },
    region: config.region ?? loadConfig(NODE_REGION_CONFIG_OPTIONS, { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...source }),
    requestHandler: NodeHttpHandler.create(config.requestHandler ?? modeDefaults),
    retryMode: config.retryMode ?? loadConfig(retryMode, config),
    sha256: config.sha256 ?? Sha256,
    streamCollector: config.streamCollector ?? streamCollector,
    urlParser: config.urlParser ?? parseUrl,
    useDualstackEndpoint: config.useDualstackEndpoint ?? flag(nodeDualstackConfigSelectors),
    useFipsEndpoint: config.useFipsEndpoint ?? flag(nodeFipsConfigSelectors),
    userAgentAppId: config.userAgentAppId ?? loadConfig(NODE_APP_ID_CONFIG_OPTIONS, source),
    utf8Decoder: config.utf8Decoder ?? fromUtf8,
    utf8Encoder: config.utf8Encoder ?? toUtf8,
  };
}
