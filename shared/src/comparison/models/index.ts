import type { PatchingModel } from '../model.ts';
import { checkpoint } from './checkpoint.ts';
import { hybrid } from './hybrid.ts';
import { hybridWithoutStacks } from './hybrid-without-stacks.ts';
import { immediate } from './immediate.ts';
import { kgraft } from './kgraft.ts';
import { kpatch } from './kpatch.ts';
import { ksplice } from './ksplice.ts';
import { proposal2016 } from './proposal-2016.ts';
import { simpleMethod } from './simple-method.ts';
import { useCounts } from './use-counts.ts';

/** In the order of a comparison's rows. */
export const PATCHING_MODELS: readonly PatchingModel[] = [
  hybrid,
  hybridWithoutStacks,
  proposal2016,
  immediate,
  kgraft,
  kpatch,
  ksplice,
  useCounts,
  simpleMethod,
  checkpoint,
];

/** The model of that id, undefined when there is none. */
export function patchingModel(id: string): PatchingModel | undefined {
  return PATCHING_MODELS.find((model) => model.id === id);
}
