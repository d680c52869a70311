/** Whether two values say the same: nothing is said in several ways, and the order of keys says nothing. */
export function same(one: unknown, other: unknown): boolean {
  const blank = (value: unknown): boolean => value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length);
  return (blank(one) && blank(other)) || ordered(one) === ordered(other);
}

function ordered(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (inner && typeof inner === 'object' && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner));
}
