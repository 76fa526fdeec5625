/** A context value as text; undefined when it is empty. */
export function toText(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.map(String).join(',') || undefined;
  if (typeof value === 'object') return Object.keys(value).length > 0 ? JSON.stringify(value) : undefined;
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- objects are handled above
  return String(value).trim() || undefined;
}
