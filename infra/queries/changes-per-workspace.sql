SELECT
  date_trunc('day', eventTime) AS day,
  element_at(eventData.additionalEventData, 'workspace') AS workspace,
  COUNT(DISTINCT eventData.UID) AS changes,
  COUNT(DISTINCT eventData.userIdentity.principalId) AS users
FROM $EDS_ID
WHERE eventTime >= '$START' AND eventTime < '$END'
  AND element_at(eventData.additionalEventData, 'method') NOT IN ('GET', 'HEAD', 'OPTIONS')
GROUP BY 1, 2
ORDER BY 1 DESC, changes DESC
