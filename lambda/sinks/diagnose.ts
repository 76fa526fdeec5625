import { attempt, type Check } from '../pipeline/check.ts';
import { openConnection } from './open-connection.ts';

export interface AwsDestination {
  /** The check's name, such as `cloudtrail`. */
  readonly name: string;
  /** Where requests go. @throws when the SDK cannot tell */
  endpoint(): Promise<URL>;
  /** @throws when the credential chain finds none */
  credentials(): Promise<unknown>;
  /** What the role needs, for who has no credentials. */
  readonly grant: string;
  /** What a function without a way to the endpoint needs. */
  readonly wayOut: string;
  /** Time limit for the connection. @default 5000 */
  readonly connectTimeoutMs?: number | undefined;
}

/** Resolves credentials and opens a connection to the endpoint. No event is sent. */
export async function diagnoseAws(destination: AwsDestination): Promise<readonly Check[]> {
  const [credentials, endpoint] = await Promise.all([
    attempt(
      'aws-credentials',
      async () => {
        await destination.credentials();
        return 'the credential chain gives credentials; whether they may put events shows with the first event';
      },
      () => destination.grant,
    ),
    attempt(
      destination.name,
      async () => {
        const url = await destination.endpoint();
        await openConnection(url, destination.wayOut, destination.connectTimeoutMs);
        return `${url.origin} accepts ${url.protocol === 'https:' ? 'TLS' : 'plain'} connections`;
      },
      (error) =>
        error.name === 'ConnectError'
          ? undefined
          : 'Correct the endpoint: AWS_ENDPOINT_URL_… or AWS_USE_FIPS_ENDPOINT (context key useFipsEndpoint) and the other variables of the AWS SDK.',
    ),
  ]);
  return [credentials.check, endpoint.check];
}
