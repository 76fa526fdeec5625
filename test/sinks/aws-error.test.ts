import { describe, expect, test } from 'vitest';
import { credentialsFix, describeAwsError, UnansweredError } from '../../lambda/sinks/aws-error.ts';
import { channelError } from '../../lambda/sinks/cloudtrail-lake/problem.ts';

describe('what AWS said', () => {
  test('ends with one full stop, whether or not the service wrote one', () => {
    for (const message of ['The channel could not be found', 'The channel could not be found.'])
      expect(channelError('ChannelNotFound', message).problem).toBe(
        'CloudTrail refuses events on this channel: ChannelNotFound The channel could not be found.',
      );
  });

  test('is one line, without what the SDK adds for its developers', () => {
    const error = new UnansweredError('SyntaxError: no JSON\n  Deserialization error: inspect {error}.$response');
    expect(describeAwsError(error)).toEqual({ name: 'NoAnswer', message: 'SyntaxError: no JSON' });
  });
});

test.each([
  ['CredentialsProviderError', /^There are none: .+ Grant it\.$/],
  ['ExpiredTokenException', /^They have expired: .+ Grant it\.$/],
  ['AccessDeniedException', /^Grant it\.$/],
  ['UnrecognizedClientException', /^Grant it\.$/],
])('%s has advice of its own', (name, advice) => {
  expect(credentialsFix(name, 'Grant it.')).toMatch(advice);
});
