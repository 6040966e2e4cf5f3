/** Members that may be undefined are absent instead. */
export type WithoutUndefined<Value> = {
  [Key in keyof Value as undefined extends Value[Key] ? never : Key]: Value[Key];
} & {
  [Key in keyof Value as undefined extends Value[Key] ? Key : never]?: Exclude<Value[Key], undefined>;
};

/** The own members that are there: who is given the rest tells a member that is undefined from one that is absent. */
export function withoutUndefined<Value extends object>(value: Value): WithoutUndefined<Value>;
export function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
