/**
 * A schema of records whose keys somebody chose: aliases, tags, conditions. zod's own record leaves the key `__proto__` out, and
 * what was kept under it would be lost when it is read back.
 */
import { z } from 'zod';

/** Every key becomes a member of the record's own, so that none of them reaches a prototype. */
export function keyedRecord<Value>(valueSchema: z.ZodType<Value>): z.ZodType<Record<string, Value>> {
  return z.unknown().transform((given, context) => {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      context.issues.push({ code: 'invalid_type', expected: 'record', input: given });
      return z.NEVER;
    }
    const members: [key: string, member: Value][] = [];
    for (const [key, member] of Object.entries(given)) {
      const read = valueSchema.safeParse(member);
      if (read.success) members.push([key, read.data]);
      else {
        for (const { message, path } of read.error.issues) {
          context.issues.push({ code: 'custom', message, path: [key, ...path], input: member });
        }
      }
    }
    return Object.fromEntries(members);
  });
}
