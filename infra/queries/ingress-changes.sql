SELECT DISTINCT
  eventTime,
  eventData.userIdentity.principalId AS who,
  element_at(eventData.userIdentity.details, 'arn') AS iam_role,
  eventData.sourceIPAddress AS address,
  eventData.eventName AS what,
  eventData.errorCode AS error,
  element_at(eventData.requestParameters, 'requestObject') AS change,
  eventData.UID
FROM $EDS_ID
WHERE eventTime >= '$START' AND eventTime < '$END'
  AND eventData.eventSource = 'kubernetes-audit'
  AND element_at(eventData.additionalEventData, 'resource') = 'ingresses'
  AND element_at(eventData.additionalEventData, 'namespace') = '$NAMESPACE'
  AND (
    element_at(eventData.additionalEventData, 'name') = '$INGRESS'
    OR element_at(eventData.additionalEventData, 'verb') = 'deletecollection'
  )
ORDER BY eventTime DESC
