import type { Rule, RuleFinding } from '../../rule.ts';
import { removeField } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { writtenFields } from './fields.ts';

const FIELDS: { readonly [field: string]: string } = {
  replaceable: 'the hybrid mode proposal of January 2025',
  replace_set: 'a proposal of 2026',
};

export const rule: Rule = {
  id: 'rfc-only-field',
  severity: 'warning',
  severityReason: 'The module may be for a kernel tree that has the proposal applied.',
  group: 'versions',
  summary: 'A field is used that no released kernel has.',
  kernel: {
    outcome: 'build-error',
    text: 'The compiler of a released kernel stops: the structure has no member of this name.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    '`.replaceable` and `.replace_set` were proposed on the live-patching mailing list, to let some patches stay when ' +
    'another one replaces the rest. No released kernel has them: there `.replace = true` replaces all other patches. ' +
    'The simulator can show what they would do: choose the kernel `6.12+replaceable` for the one and ' +
    '`6.12+replace-set` for the other.',
  examples: {
    bad: [
      {
        title: 'A field of the hybrid mode proposal',
        code: exampleModule({
          patch: `
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.replaceable = false, //~
};`,
        }),
      },
    ],
    good: [
      {
        title: 'Fields that kernels have',
        code: exampleModule({
          patch: `
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.replace = true,
};`,
        }),
      },
    ],
  },
  check(module) {
    return Object.entries(FIELDS).flatMap(([name, origin]) =>
      [...writtenFields(module, 'klp_patch', name), ...writtenFields(module, 'klp_func', name)].map(
        ({ nameRange, valueRange }): RuleFinding => ({
          range: nameRange,
          message: `.${name} comes from ${origin}. No released kernel has it: the compiler stops.`,
          fixes: [
            {
              title: `Remove .${name}`,
              safety: 'suggestion',
              edits: [removeField(module, nameRange, valueRange)],
            },
          ],
        }),
      ),
    );
  },
};
