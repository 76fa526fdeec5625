/** CloudTrail wants three characters in the name of a channel, EventBridge Scheduler no more than these. */
export const RESOURCE_NAME = /^[A-Za-z][A-Za-z0-9-]{2,49}$/;

/** Completes "resourceName must be …". */
export const RESOURCE_NAME_EXPECTED = '3 to 50 letters, digits and hyphens, a letter first';
