/** events.k8s.io/v1. The notation is in `../notation.ts`. */
export const events: string = `
Event kind
  eventTime microtime #2 !
  series EventSeries #3*
  reportingController string #4
  reportingInstance string #5
  action string #6
  reason string #7
  regarding core.ObjectReference #8 atomic
  related core.ObjectReference #9* atomic
  note string #10
  type string #11
  deprecatedSource core.EventSource #12
  deprecatedFirstTimestamp time #13
  deprecatedLastTimestamp time #14
  deprecatedCount int32 #15

EventSeries
  count int32 #1 !
  lastObservedTime microtime #2 !
`;
