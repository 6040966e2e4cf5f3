/** Who may use a function URL (LAMBDA.md C9.4). As on AWS, `NONE` needs a statement of the resource policy that lets everybody in. */
import type { PolicyStatement } from '../../model/policy-statement.ts';

const actions: ReadonlySet<string> = new Set(['lambda:InvokeFunctionUrl', 'lambda:*', '*']);

/** What is so for a request to a URL of AuthType `NONE`: nothing else of a condition is ever met by somebody unknown. */
const facts: Readonly<Record<string, string>> = {
  'StringEquals lambda:FunctionUrlAuthType': 'NONE',
  'Bool lambda:InvokedViaFunctionUrl': 'true',
};

/** Whether anybody may use a URL that asks for no credentials. */
export function isPublic(statements: readonly PolicyStatement[]): boolean {
  return statements.some(({ Principal, Action, Condition = {} }) => {
    const everybody = typeof Principal === 'string' ? Principal === '*' : Principal.AWS === '*';
    return everybody && actions.has(Action) && isMet(Condition);
  });
}

function isMet(condition: NonNullable<PolicyStatement['Condition']>): boolean {
  return Object.entries(condition).every(([operator, wanted]) =>
    Object.entries(wanted).every(([key, value]) => {
      const name = `${operator} ${key}`;
      return Object.hasOwn(facts, name) && facts[name] === value;
    }),
  );
}
