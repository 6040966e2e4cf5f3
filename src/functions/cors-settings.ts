/** CORS settings of a function URL, checked. They become headers of answers, so nothing that is no header's text may be in them. */

import { withoutUndefined } from '../base/without-undefined.ts';
import type { UrlCors } from '../model/function-url.ts';
import { limits } from '../model/limits.ts';
import { type Constraints, lengthAtMost, memberRule } from '../model/validation.ts';

/** What a header may hold: visible ASCII and blanks. Wider than any origin, method or name; AWS takes anything, which would never match. */
const headerText = /^[\x20-\x7e]*$/;

export function checkCors(cors: UrlCors | undefined, constraints: Constraints): void {
  if (cors === undefined) return;
  checkList(cors.allowHeaders, 'cors.allowHeaders', limits.corsListMax, limits.corsHeaderLengthMax, constraints);
  checkList(cors.allowMethods, 'cors.allowMethods', limits.corsMethodsMax, limits.corsMethodLengthMax, constraints);
  checkList(cors.allowOrigins, 'cors.allowOrigins', limits.corsListMax, limits.corsOriginLengthMax, constraints);
  checkList(cors.exposeHeaders, 'cors.exposeHeaders', limits.corsListMax, limits.corsHeaderLengthMax, constraints);
  if (cors.maxAge !== undefined) {
    constraints.integer(cors.maxAge, 'cors.maxAge', { min: 0, max: limits.corsMaxAgeSecondsMax });
  }
}

/** Nothing, when nothing is asked for: then requests for permission go to the function. */
export function keptCors(cors: UrlCors | undefined): { readonly cors?: UrlCors } {
  if (cors === undefined || Object.values(cors).every((value) => value === undefined)) return {};
  const { allowCredentials, allowHeaders, allowMethods, allowOrigins, exposeHeaders, maxAge } = cors;
  return {
    cors: Object.freeze(
      withoutUndefined({ allowCredentials, allowHeaders, allowMethods, allowOrigins, exposeHeaders, maxAge }),
    ),
  };
}

function checkList(
  list: readonly string[] | undefined,
  path: string,
  itemsMax: number,
  lengthMax: number,
  constraints: Constraints,
): void {
  if (list === undefined) return;
  if (list.length > itemsMax) constraints.violate(list, path, lengthAtMost(itemsMax));
  else if (list.some((item) => item.length > lengthMax)) {
    constraints.violate(list, path, memberRule([lengthAtMost(lengthMax)]));
  } else if (!list.every((item) => headerText.test(item))) {
    constraints.violate(list, path, memberRule(['Member must be text that a header can hold']));
  }
}
