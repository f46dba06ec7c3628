/**
 * kernel/livepatch/shadow.c: shadow variables, data that is attached to an object of the kernel under a number. They belong
 * to nobody: neither disabling a patch nor removing its module frees them.
 *
 * Ids are numbers; text stands for one that is not known. `Thing` is what variables are attached to, compared by identity; `Data` is the memory that each has.
 */
export class ShadowVariables<Thing, Data> {
  private readonly variables: { readonly thing: Thing; readonly id: number | string; readonly data: Data }[] = [];

  /** How many there are. */
  get size(): number {
    return this.variables.length;
  }

  /** The data of all variables, in the order in which they were attached. */
  all(): Data[] {
    return this.variables.map(({ data }) => data);
  }

  /** klp_shadow_get() */
  get(thing: Thing, id: number | string): Data | null {
    return this.find(thing, id)?.data ?? null;
  }

  /**
   * klp_shadow_alloc() with memory and constructor of the caller. Null when there is one already, or when the constructor
   * returns something else than 0: then nothing is attached.
   */
  alloc(thing: Thing, id: number | string, data: Data, construct: ((data: Data) => number) | null): Data | null {
    return this.find(thing, id) === undefined ? this.attach(thing, id, data, construct) : null;
  }

  /** klp_shadow_get_or_alloc(): the constructor runs only when there is none yet. */
  getOrAlloc(thing: Thing, id: number | string, data: Data, construct: ((data: Data) => number) | null): Data | null {
    return this.get(thing, id) ?? this.attach(thing, id, data, construct);
  }

  /** klp_shadow_free() */
  free(thing: Thing, id: number | string, destruct: ((data: Data) => void) | null): void {
    const variable = this.find(thing, id);
    if (variable === undefined) return;
    this.variables.splice(this.variables.indexOf(variable), 1);
    destruct?.(variable.data);
  }

  /** klp_shadow_free_all(): every object's variable of that number; in which order the kernel does not say. */
  freeAll(id: number | string, destruct: ((thing: Thing, data: Data) => void) | null): void {
    for (const variable of this.variables.filter((candidate) => candidate.id === id)) {
      this.variables.splice(this.variables.indexOf(variable), 1);
      destruct?.(variable.thing, variable.data);
    }
  }

  private find(thing: Thing, id: number | string) {
    return this.variables.find((variable) => variable.thing === thing && variable.id === id);
  }

  private attach(
    thing: Thing,
    id: number | string,
    data: Data,
    construct: ((data: Data) => number) | null,
  ): Data | null {
    if (construct !== null && construct(data) !== 0) return null;
    this.variables.push({ thing, id, data });
    return data;
  }
}
