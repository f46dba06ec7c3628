import type { WorkspaceImagesResult } from '../../../shared/src/protocol.ts';
import { patchImages } from '../analysis/patch-images.ts';
import type { FeatureContext } from './context.ts';

/** The images of all modules of the workspace, as they are now: what may be loaded before another one. */
export async function workspaceImages(
  context: FeatureContext,
  isWanted: () => boolean,
): Promise<WorkspaceImagesResult> {
  const { modules, cut } = await context.workspaceModules(isWanted);
  const sorted = [...modules].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { images: sorted.flatMap((module) => patchImages(module)), note: cut };
}
