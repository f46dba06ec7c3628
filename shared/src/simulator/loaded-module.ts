import type { PatchImage } from '../model/index.ts';

/** A module in /proc/modules. */
export interface LoadedModule {
  readonly name: string;
  /** Past klp_module_coming(): patches see it. */
  klpAlive: boolean;
  /** Its init function is done. */
  live: boolean;
  /** References that livepatch holds. */
  references: number;
  readonly hasExit: boolean;
  /** What it hands to klp_enable_patch(); null when it is no livepatch. */
  readonly image: PatchImage | null;
  /** Objects whose livepatch relocations are written. */
  readonly relocated: Set<string>;
  /** Its module parameters as numbers (true is 1), as far as somebody set them. */
  readonly parameters: Map<string, number>;
}

/** A module that is being loaded. */
export function makeModule(
  name: string,
  image: PatchImage | null,
  parameters: ReadonlyMap<string, number>,
): LoadedModule {
  return {
    name,
    klpAlive: false,
    live: false,
    references: 0,
    hasExit: image?.hasExit ?? true,
    image,
    relocated: new Set(),
    parameters: new Map(parameters),
  };
}
