/** The rules of a function as the policy reads them: texts parsed, credentials beside the rule that they are for. Pure. */
import { invariant } from '../base/invariant.ts';
import type { NetworkCredentials } from '../model/network-credentials.ts';
import { parseNetworkRule } from '../model/network-rule.ts';
import type { NetworkConfiguration } from '../model/network-settings.ts';
import type { PolicyRule } from './policy.ts';

export function policyRules(
  { allow }: NetworkConfiguration,
  credentials: NetworkCredentials | undefined,
): readonly PolicyRule[] {
  return allow.map((entry) => {
    const text = typeof entry === 'string' ? entry : entry.host;
    const rule = parseNetworkRule(text);
    invariant(!('problem' in rule), `the rule ${text} was checked when it was given`);
    if (typeof entry === 'string') return rule;
    const values = credentials?.of(entry.host);
    return {
      ...rule,
      credential: {
        host: hostOf(entry.host),
        tls: entry.tls,
        headers: values?.headers ?? 'missing',
        ...(values?.ca !== undefined && { ca: values.ca }),
      },
    };
  });
}

/** A rule with credentials has one port. */
function hostOf(text: string): string {
  return text.slice(0, text.lastIndexOf(':'));
}
