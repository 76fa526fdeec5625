SELECT DISTINCT
  eventTime,
  COALESCE(element_at(eventData.userIdentity.details, 'userName'), eventData.userIdentity.principalId) AS who,
  eventData.sourceIPAddress AS address,
  eventData.eventName AS what,
  element_at(eventData.additionalEventData, 'workspace') AS workspace,
  element_at(eventData.additionalEventData, 'status') AS status,
  eventData.UID
FROM $EDS_ID
WHERE eventTime >= '$START' AND eventTime < '$END'
  AND element_at(eventData.additionalEventData, 'method') NOT IN ('GET', 'HEAD', 'OPTIONS')
  AND (
    day_of_week(eventTime) > 5
    OR hour(eventTime) < $OPENS
    OR hour(eventTime) >= $CLOSES
  )
ORDER BY eventTime DESC
