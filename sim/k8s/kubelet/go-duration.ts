/** A span as Go prints it, to the millisecond: `10s`, `1m20s`, `350ms`. */
export function formatGoDuration(nanos: number): string {
  const millis = Math.round(nanos / 1e6);
  if (millis < 1000) return millis === 0 ? "0s" : `${millis}ms`;
  const minutes = Math.floor(millis / 60_000);
  const seconds = `${Number(((millis % 60_000) / 1000).toFixed(3))}s`;
  if (minutes === 0) return seconds;
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}
