SELECT DISTINCT
  eventTime,
  COALESCE(element_at(eventData.userIdentity.details, 'userName'), eventData.userIdentity.principalId) AS who,
  eventData.sourceIPAddress AS address,
  eventData.eventName AS what,
  element_at(eventData.additionalEventData, 'status') AS status,
  element_at(eventData.requestParameters, 'payload') AS payload,
  eventData.UID
FROM $EDS_ID
WHERE eventTime >= '$START' AND eventTime < '$END'
  AND element_at(eventData.additionalEventData, 'method') NOT IN ('GET', 'HEAD', 'OPTIONS')
  AND (
    eventData.eventName LIKE '%/routes/$ROUTE'
    OR eventData.eventName LIKE '%/routes/$ROUTE/%'
    OR (eventData.eventName LIKE '%/routes' AND element_at(eventData.requestParameters, 'payload') LIKE '%$ROUTE%')
  )
ORDER BY eventTime DESC
