SELECT DISTINCT
  eventTime,
  eventData.userIdentity.principalId AS who,
  element_at(eventData.userIdentity.details, 'arn') AS iam_role,
  eventData.sourceIPAddress AS address,
  eventData.eventName AS what,
  element_at(eventData.additionalEventData, 'namespace') AS namespace,
  element_at(eventData.additionalEventData, 'name') AS name,
  eventData.errorMessage AS message,
  eventData.UID
FROM $EDS_ID
WHERE eventTime >= '$START' AND eventTime < '$END'
  AND eventData.eventSource = 'kubernetes-audit'
  AND (
    element_at(eventData.additionalEventData, 'decision') = 'forbid'
    OR eventData.errorCode = 'Forbidden'
  )
ORDER BY eventTime DESC
