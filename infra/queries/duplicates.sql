SELECT
  eventData.UID,
  COUNT(*) AS copies,
  MIN(eventTime) AS event_time,
  MIN(metadata.ingestionTime) AS first_stored,
  MAX(metadata.ingestionTime) AS last_stored
FROM $EDS_ID
WHERE eventTime >= '$START' AND eventTime < '$END'
GROUP BY eventData.UID
HAVING COUNT(*) > 1
ORDER BY copies DESC
