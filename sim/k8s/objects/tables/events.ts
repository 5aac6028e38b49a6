/** events.k8s.io/v1. The notation is in `../notation.ts`. */
export const events: string = `
Event kind
  eventTime microtime !
  series EventSeries
  reportingController string
  reportingInstance string
  action string
  reason string
  regarding core.ObjectReference atomic
  related core.ObjectReference atomic
  note string
  type string
  deprecatedSource core.EventSource
  deprecatedFirstTimestamp time
  deprecatedLastTimestamp time
  deprecatedCount int32

EventSeries
  count int32 !
  lastObservedTime microtime !
`;
