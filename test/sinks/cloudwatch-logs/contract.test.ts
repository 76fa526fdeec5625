import { CredentialsError, LogGroupError } from '../../../lambda/errors.ts';
import { describeSink } from '../contract.ts';
import { openLogs } from './harness.ts';

describeSink({
  name: 'CloudWatch Logs',
  maxEvents: 500,
  poison: { code: 'InvalidParameterException', becomes: 'doubtful' },
  stops: [
    {
      fault: { code: 'ResourceNotFoundException', message: 'The specified log group does not exist.' },
      error: LogGroupError,
    },
    { fault: { code: 'AccessDeniedException' }, error: CredentialsError },
    { fault: { code: 'UnrecognizedClientException' }, error: CredentialsError },
  ],
  hasReader: true,
  open: openLogs,
});
