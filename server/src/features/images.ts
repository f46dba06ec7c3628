import type { ImagesResult, LocateParams, LocateResult } from '../../../shared/src/protocol.ts';
import type { FeatureContext } from './context.ts';

/** What the kernel would be given: for clients that run the simulator themselves. */
export async function images(context: FeatureContext, uri: string): Promise<ImagesResult> {
  const { simulation } = context.settings();
  const document = context.documents.get(uri);
  const check = await context.checks.of(uri);
  if (!document || !check) return { version: null, images: [], simulation };
  return { version: document.version, images: check.images, simulation };
}

/** Where a place of an image stands in the text as it is now. */
export function locate({ documents }: FeatureContext, { range }: LocateParams): LocateResult {
  const text = documents.range(range);
  return text && { uri: range.file, range: text };
}
