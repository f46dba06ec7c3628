import type { Example, Rule } from '../../server/src/analysis/rule.ts';
import { exampleText } from '../../server/src/analysis/rules/example-text.ts';
import type { KernelVersion } from '../../server/src/kernel/version.ts';
import { compareVersions } from '../../server/src/kernel/version.ts';
import type { ModuleSource } from '../../server/src/kernel-runner/build-modules.ts';
import { errnoName, type LoadVerdict } from '../../server/src/kernel-runner/load-verdict.ts';

/** The module name for which rules' claims are written. */
const CLAIMED_NAME = 'uptime_fix';

/** One example of a rule, to be built and loaded. */
export interface RuleExperiment {
  readonly rule: Rule;
  readonly kind: 'bad' | 'good';
  readonly example: Example;
  readonly kernel: KernelVersion;
  /** The module's name in the kernel. Unique among all experiments. */
  readonly module: string;
  readonly source: ModuleSource;
  /** Modules of the kernel that the example asks for. */
  readonly requests: readonly string[];
}

/** All examples that say something about this kernel. */
export function ruleExperiments(rules: readonly Rule[], kernel: KernelVersion): RuleExperiment[] {
  const experiments: RuleExperiment[] = [];
  const taken = new Set<string>();
  for (const rule of rules) {
    for (const kind of ['bad', 'good'] as const) {
      for (const example of rule.examples[kind]) {
        if (!isFor(example, rule, kernel)) continue;
        const own = example.file?.replace(/\.c$/, '');
        const numbered = `${CLAIMED_NAME}_${String(experiments.length).padStart(3, '0')}`;
        const name = own === undefined || taken.has(own) ? numbered : own;
        taken.add(name);
        const text = exampleText(example).text;
        experiments.push({
          rule,
          kind,
          example,
          kernel,
          module: name.replaceAll('-', '_'),
          source: { name, files: { [`${name}.c`]: text } },
          requests: [...text.matchAll(/request_module\("(\w+)"\)/g)].map((match) => match[1] ?? ''),
        });
      }
    }
  }
  // The kernel says that it is tainted once in a boot: those that claim it come first. What goes wrong later may spoil
  // what runs behind it: the hazards come last.
  const turn = ({ rule, kind }: RuleExperiment) =>
    /TAINT_LIVEPATCH/.test(rule.kernel.log ?? '') ? 0 : kind === 'bad' && rule.kernel.outcome === 'hazard' ? 2 : 1;
  return experiments.toSorted((a, b) => turn(a) - turn(b));
}

/**
 * A quarter of the experiments, another one for each `turn`, and two that crash. Those that crash or hang cost a boot or a
 * minute each.
 */
export function sampleOf(experiments: readonly RuleExperiment[], turn: number): RuleExperiment[] {
  const isRough = ({ rule, kind }: RuleExperiment) => kind === 'bad' && /^(?:crash|hazard)$/.test(rule.kernel.outcome);
  const quick = experiments.filter((experiment) => !isRough(experiment));
  const crashes = experiments.filter(({ rule, kind }) => kind === 'bad' && rule.kernel.outcome === 'crash');
  return [...quick.filter((_, index) => index % 4 === turn), ...crashes.slice(2 * turn, 2 * turn + 2)];
}

/** An example without a kernel of its own is for 6.12, and for 6.1 as well; a rule need not hold on both. */
function isFor(example: Example, rule: Rule, kernel: KernelVersion): boolean {
  if (example.kernel) return compareVersions(example.kernel, kernel) === 0;
  if (rule.since && compareVersions(kernel, rule.since) < 0) return false;
  return !(rule.until && compareVersions(kernel, rule.until) >= 0);
}

/** What a real kernel did is not what the rule says: in a sentence. Null when they agree. */
export function disagreement(experiment: RuleExperiment, verdict: LoadVerdict): string | null {
  const seen = `${verdict.outcome} (${verdict.because})`;
  const { example, rule, kernel } = experiment;
  const other = example.otherwise?.find(({ on }) => on === undefined || compareVersions(on, kernel) === 0);
  if (experiment.kind === 'good' && !other) {
    return verdict.outcome === 'clean' || isForAbsentModule(verdict) ? null : `a good example: ${seen}`;
  }
  const claim = other ?? rule.kernel;
  if (!OUTCOMES[claim.outcome].includes(verdict.outcome)) return `claims ${claim.outcome}, seen ${seen}`;
  if (claim.errno !== undefined && claim.errno !== verdict.errno) {
    return `claims ${claim.errno}, seen ${verdict.errno ?? errnoName(0)}`;
  }
  if (claim.log !== undefined && !verdict.log.some((line) => says(line, claim.log ?? ''))) {
    return `claims the line "${claim.log}", which is not in the log`;
  }
  return null;
}

const OUTCOMES: Readonly<Record<Rule['kernel']['outcome'], readonly LoadVerdict['outcome'][]>> = {
  rejected: ['rejected'],
  ignored: ['ignored', 'clean'],
  crash: ['crash'],
  'build-error': ['build-error'],
  hazard: ['clean', 'warned', 'stuck', 'ignored', 'crash'],
  accepted: ['clean', 'ignored'],
};

/** An object whose module is not loaded in the guest is not patched, as it should be. */
function isForAbsentModule(verdict: LoadVerdict): boolean {
  return verdict.outcome === 'ignored' && /^not patched: /.test(verdict.because) && !/vmlinux/.test(verdict.because);
}

/** Whether a log line is the claimed one. Names may differ, when a rule has several bad examples; so may paths. */
function says(line: string, claimed: string): boolean {
  const nameless = (text: string) =>
    text
      .replace(/(?:\/[\w.-]+)+\/(?=[\w.-]+\.k?o\b)/g, '')
      .replace(/uptime_fix_\d{3}/g, CLAIMED_NAME)
      .replace(/'[^']*'/g, "'…'")
      .replace(/for \S+ with/g, 'for … with');
  return nameless(line).includes(nameless(claimed));
}
