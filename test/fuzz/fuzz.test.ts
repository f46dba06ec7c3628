import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parser } from '../support/parser.ts';
import { runCase } from './run-case.ts';
import { fuzzTargets } from './targets.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The same inputs each time; `npm run fuzz` takes others. */
const SEED = 1;
const CASES = 150;

describe('input that somebody broke', () => {
  it.each(fuzzTargets(parser, root).map((target) => [target.name, target] as const))(
    'is borne: %s',
    async (_, target) => {
      for (let number = 0; number < CASES; number++) {
        expect(await runCase(target, SEED, number)).toBeNull();
      }
    },
  );
});
