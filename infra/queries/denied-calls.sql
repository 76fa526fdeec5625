SELECT
  COALESCE(element_at(eventData.userIdentity.details, 'userName'), eventData.userIdentity.principalId) AS who,
  eventData.sourceIPAddress AS address,
  element_at(eventData.additionalEventData, 'status') AS status,
  COUNT(DISTINCT eventData.UID) AS calls,
  COUNT(DISTINCT eventData.eventName) AS different_calls,
  MIN(eventTime) AS first_time,
  MAX(eventTime) AS last_time
FROM $EDS_ID
WHERE eventTime >= '$START' AND eventTime < '$END'
  AND element_at(eventData.additionalEventData, 'status') IN ('401', '403')
GROUP BY 1, 2, 3
ORDER BY calls DESC
