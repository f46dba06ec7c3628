import type { LivepatchModule } from '../../../../shared/src/model/index.ts';

/**
 * Which of two versions is the earlier one: the name without its last number is the same and the number is smaller
 * (`fix_1` and `fix_2`). Others may be meant for any order: nothing is said of them.
 */
export function precedes(a: LivepatchModule, b: LivepatchModule): boolean {
  const [x, y] = [a, b].map(({ name }) => /^(.*?)(\d+)(\D*)$/.exec(name));
  return Boolean(x && y && x[1] === y[1] && x[3] === y[3] && Number(x[2]) < Number(y[2]));
}
