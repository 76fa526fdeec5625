SELECT DISTINCT
  eventTime,
  eventData.userIdentity.principalId AS who,
  element_at(eventData.userIdentity.details, 'arn') AS iam_role,
  eventData.sourceIPAddress AS address,
  eventData.eventName AS what,
  element_at(eventData.additionalEventData, 'namespace') AS namespace,
  element_at(eventData.additionalEventData, 'name') AS name,
  eventData.errorCode AS error,
  eventData.UID
FROM $EDS_ID
WHERE eventTime >= '$START' AND eventTime < '$END'
  AND eventData.eventSource = 'kubernetes-audit'
  AND element_at(eventData.additionalEventData, 'verb') IN ('create', 'update', 'patch', 'delete', 'deletecollection')
  AND eventData.userIdentity.principalId NOT LIKE 'eks:%'
  AND (
    eventData.userIdentity.principalId NOT LIKE 'system:%'
    OR eventData.userIdentity.principalId = 'system:anonymous'
  )
ORDER BY eventTime DESC
