SELECT
  eventTime,
  COALESCE(element_at(eventData.userIdentity.details, 'userName'), eventData.userIdentity.principalId) AS who,
  eventData.userIdentity.type AS kind_of_user,
  eventData.sourceIPAddress AS address,
  eventData.eventName AS what,
  element_at(eventData.requestParameters, 'queryParameters') AS query,
  element_at(eventData.requestParameters, 'payload') AS payload,
  element_at(eventData.additionalEventData, 'status') AS status,
  element_at(eventData.additionalEventData, 'workspace') AS workspace,
  element_at(eventData.additionalEventData, 'hostname') AS kong_host,
  eventData.version AS kong_version,
  element_at(eventData.additionalEventData, 'redacted') AS redacted,
  eventData.UID,
  eventID,
  metadata.ingestionTime AS stored,
  metadata.channelARN AS channel
FROM $EDS_ID
WHERE eventTime >= '$START' AND eventTime < '$END'
  AND eventData.UID = '$REQUEST_ID'
ORDER BY stored
