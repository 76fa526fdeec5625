/** What PutAuditEvents says of a whole request where the channel is wrong (API reference, PutAuditEvents: Errors). */
export const CHANNEL_ERRORS = [
  'ChannelInsufficientPermission',
  'ChannelNotFound',
  'ChannelUnsupportedSchema',
  'InvalidChannelARN',
  'UnsupportedOperationException',
] as const;
