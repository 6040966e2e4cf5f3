/** What the bindings of the file system share: requests, texts and bytes, made once for each guest. */
import { createFsBytes } from './bytes.ts';
import type { FsDependencies } from './dependencies.ts';
import { createFsRequests } from './request.ts';
import { createFsTexts } from './text.ts';

export type FsParts = ReturnType<typeof createFsParts>;

export function createFsParts(dependencies: FsDependencies) {
  const requests = createFsRequests(dependencies);
  const texts = createFsTexts(dependencies);
  const bytes = createFsBytes(dependencies, requests, texts);
  return { requests, texts, bytes };
}
