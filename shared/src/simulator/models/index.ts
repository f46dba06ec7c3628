import { hybrid } from './hybrid.ts';
import { hybridWithoutStacks } from './hybrid-without-stacks.ts';
import type { ConsistencyModel } from './model.ts';

export const MODELS: readonly ConsistencyModel[] = [hybrid, hybridWithoutStacks];

/** The model of that id, undefined when there is none. */
export function modelById(id: string): ConsistencyModel | undefined {
  return MODELS.find((model) => model.id === id);
}
