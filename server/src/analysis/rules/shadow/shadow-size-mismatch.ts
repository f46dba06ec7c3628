import type { Argument } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { allocates, sameId, shadowCalls } from './shadow-calls.ts';
import { shadowExample } from './shadow-example.ts';

export const rule: Rule = {
  id: 'shadow-size-mismatch',
  severity: 'warning',
  severityReason: 'It does harm only when both calls meet at one object.',
  group: 'shadow',
  summary: 'Shadow variables with one id are allocated in different sizes.',
  since: { major: 4, minor: 15 },
  kernel: {
    outcome: 'hazard',
    text: 'The kernel does not compare sizes: the call that finds the smaller one gets it, and writes beyond its end.',
    evidence: 'kernel source',
  },
  explanation:
    'An id stands for one kind of data. `klp_shadow_get_or_alloc()` returns what is there, however large, and ' +
    '`klp_shadow_free_all()` hands everything with the id to one destructor. Use one structure for one id, and another ' +
    'id for other data.',
  examples: {
    bad: [
      {
        title: 'Two structures under one id',
        code: shadowExample({
          hooks: `
struct read_count {
	int reads;
};

struct read_times {
	int reads;
	unsigned long last;
};`,
          body: `	struct read_count *count;
	struct read_times *times;

	reads = NULL;
	count = klp_shadow_get_or_alloc(&init_uts_ns, UPTIME_READS, sizeof(struct read_count), GFP_KERNEL, NULL, NULL);
	times = klp_shadow_get_or_alloc(&init_uts_ns, UPTIME_READS, sizeof(struct read_times), GFP_KERNEL, NULL, NULL); //~
	if (count && times)
		reads = &count->reads;
	if (reads)
		(*reads)++;`,
        }),
      },
    ],
    good: [{ title: 'One kind of data', code: shadowExample({}) }],
  },
  check(module) {
    const allocations = shadowCalls(module).filter(allocates);
    return allocations.flatMap(({ id, size }, index): RuleFinding[] => {
      if (!size) return [];
      const earlier = allocations
        .slice(0, index)
        .find((other) => other.size !== null && sameId(other.id, id) === 'yes' && differ(other.size, size));
      if (!earlier?.size) return [];
      return [
        {
          range: size.range,
          message: `With the id ${id.text} the size is ${size.text} here and ${earlier.size.text} elsewhere. The kernel does not compare them: the larger one overruns the smaller.`,
          related: [{ range: earlier.size.range, message: 'The other size.' }],
        },
      ];
    });
  },
};

/** True only when the two sizes surely belong to different data. */
function differ(a: Argument, b: Argument): boolean {
  if (a.constant.kind === 'known' && b.constant.kind === 'known') return a.constant.value !== b.constant.value;
  const [one, other] = [a, b].map(({ text }) => /^sizeof\s*\(\s*((?:struct|union)\s+\w+)\s*\)$/.exec(text)?.[1]);
  return one !== undefined && other !== undefined && one.replace(/\s+/g, ' ') !== other.replace(/\s+/g, ' ');
}
