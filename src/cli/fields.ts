/** Members of a server's answer, which may be another program's: of the type that is asked for, or absent. */
type Members = Readonly<Record<string, unknown>>;

export function members(value: unknown): Members {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

export function list(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.map(members) : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
