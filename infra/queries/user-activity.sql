SELECT DISTINCT
  eventTime,
  eventData.sourceIPAddress AS address,
  eventData.eventName AS what,
  element_at(eventData.additionalEventData, 'workspace') AS workspace,
  element_at(eventData.additionalEventData, 'status') AS status,
  element_at(eventData.requestParameters, 'queryParameters') AS query,
  element_at(eventData.requestParameters, 'payload') AS payload,
  eventData.UID
FROM $EDS_ID
WHERE eventTime >= '$START' AND eventTime < '$END'
  AND (
    element_at(eventData.userIdentity.details, 'userName') = '$USER'
    OR eventData.userIdentity.principalId = '$USER'
  )
ORDER BY eventTime DESC
