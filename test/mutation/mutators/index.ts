import type { Mutator } from '../mutator.ts';
import { CALLBACKS } from './callbacks.ts';
import { FUNCTIONS } from './functions.ts';
import { LIFECYCLE } from './lifecycle.ts';
import { SHADOW_AND_STATE } from './shadow-and-state.ts';
import { STRUCTURE } from './structure.ts';
import { SURROUNDINGS } from './surroundings.ts';
import { SYMBOLS } from './symbols.ts';
import { VERSIONS } from './versions.ts';

export const MUTATORS: readonly Mutator[] = [
  ...STRUCTURE,
  ...LIFECYCLE,
  ...FUNCTIONS,
  ...CALLBACKS,
  ...SHADOW_AND_STATE,
  ...VERSIONS,
  ...SYMBOLS,
  ...SURROUNDINGS,
];
