SELECT
  date_trunc('hour', eventTime) AS hour_begin,
  COUNT(DISTINCT eventData.UID) AS events,
  date_diff(
    'hour',
    LAG(date_trunc('hour', eventTime)) OVER (ORDER BY date_trunc('hour', eventTime)),
    date_trunc('hour', eventTime)
  ) AS hours_since_previous
FROM $EDS_ID
WHERE eventTime >= '$START' AND eventTime < '$END'
GROUP BY date_trunc('hour', eventTime)
ORDER BY hour_begin
