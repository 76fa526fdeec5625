import { ServiceException, type ExceptionOptionType } from '@smithy/core/client';

/** Base of every error that the service answers with; errors that its model does not list are of this class itself. */
export class CloudTrailDataServiceException extends ServiceException {}

type Options<E extends CloudTrailDataServiceException> = ExceptionOptionType<E, CloudTrailDataServiceException>;

/** The caller's account is not the account that owns the channel. */
export class ChannelInsufficientPermission extends CloudTrailDataServiceException {
  override readonly name = 'ChannelInsufficientPermission';
  override readonly $fault = 'client';
  constructor(options: Options<ChannelInsufficientPermission>) {
    super({ name: 'ChannelInsufficientPermission', $fault: 'client', ...options });
  }
}

/** There is no such channel. */
export class ChannelNotFound extends CloudTrailDataServiceException {
  override readonly name = 'ChannelNotFound';
  override readonly $fault = 'client';
  constructor(options: Options<ChannelNotFound>) {
    super({ name: 'ChannelNotFound', $fault: 'client', ...options });
  }
}

/** The channel does not take events of this schema. */
export class ChannelUnsupportedSchema extends CloudTrailDataServiceException {
  override readonly name = 'ChannelUnsupportedSchema';
  override readonly $fault = 'client';
  constructor(options: Options<ChannelUnsupportedSchema>) {
    super({ name: 'ChannelUnsupportedSchema', $fault: 'client', ...options });
  }
}

/** Two events of one request have the same id; nothing of the request was taken. */
export class DuplicatedAuditEventId extends CloudTrailDataServiceException {
  override readonly name = 'DuplicatedAuditEventId';
  override readonly $fault = 'client';
  constructor(options: Options<DuplicatedAuditEventId>) {
    super({ name: 'DuplicatedAuditEventId', $fault: 'client', ...options });
  }
}

/** The ARN given is not the ARN of a channel. */
export class InvalidChannelARN extends CloudTrailDataServiceException {
  override readonly name = 'InvalidChannelARN';
  override readonly $fault = 'client';
  constructor(options: Options<InvalidChannelARN>) {
    super({ name: 'InvalidChannelARN', $fault: 'client', ...options });
  }
}

/** The operation is not offered in this Region or to this account. */
export class UnsupportedOperationException extends CloudTrailDataServiceException {
  override readonly name = 'UnsupportedOperationException';
  override readonly $fault = 'client';
  constructor(options: Options<UnsupportedOperationException>) {
    super({ name: 'UnsupportedOperationException', $fault: 'client', ...options });
  }
}
