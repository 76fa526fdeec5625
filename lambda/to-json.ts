/**
 * What `JSON.parse` gave as JSON again, however deep it is nested: `JSON.parse` knows no limit, and `JSON.stringify` ends at a few
 * thousand levels with a RangeError.
 */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return inLoop(value);
  }
}

function inLoop(root: unknown): string {
  const written: string[] = [];
  const rest: (string | { readonly value: unknown })[] = [{ value: root }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (typeof next === 'string') {
      written.push(next);
    } else if (typeof next.value !== 'object' || next.value === null) {
      written.push(JSON.stringify(next.value));
    } else {
      const isArray = Array.isArray(next.value);
      written.push(isArray ? '[' : '{');
      rest.push(isArray ? ']' : '}');
      const members = Object.entries(next.value).toReversed();
      members.forEach(([key, member], index) => {
        rest.push({ value: member });
        if (!isArray) rest.push(`${JSON.stringify(key)}:`);
        if (index < members.length - 1) rest.push(',');
      });
    }
  }
  return written.join('');
}
