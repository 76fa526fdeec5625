SELECT DISTINCT
  eventTime,
  eventData.sourceIPAddress AS address,
  eventData.eventName AS what,
  element_at(eventData.additionalEventData, 'status') AS status,
  element_at(eventData.additionalEventData, 'workspace') AS workspace,
  eventData.UID
FROM $EDS_ID
WHERE eventTime >= '$START' AND eventTime < '$END'
  AND eventData.userIdentity.type = 'Anonymous'
  AND element_at(eventData.additionalEventData, 'method') NOT IN ('GET', 'HEAD', 'OPTIONS')
ORDER BY eventTime DESC
