import { createHash } from 'node:crypto';
import { checkModule } from '../../server/src/analysis/check.ts';
import { applyEdits, fixAllEdits } from '../../server/src/analysis/fixes.ts';
import { readModule } from '../../server/src/analysis/read-module.ts';
import type { Example, OtherConsequence, Rule } from '../../server/src/analysis/rule.ts';
import { EXAMPLE_KERNEL } from '../../server/src/analysis/rules/example-kernel.ts';
import { exampleText } from '../../server/src/analysis/rules/example-text.ts';
import { SourceUnit } from '../../server/src/analysis/source-unit.ts';
import type { KernelVersion } from '../../server/src/kernel/version.ts';
import { compareVersions } from '../../server/src/kernel/version.ts';
import type { ModuleSource } from '../../server/src/kernel-runner/build-modules.ts';
import { errnoName, type LoadVerdict } from '../../server/src/kernel-runner/load-verdict.ts';
import { parser } from '../support/parser.ts';

/** The module name for which rules' claims are written. */
const CLAIMED_NAME = 'uptime_fix';

/** One example of a rule, to be built and loaded. */
export interface RuleExperiment {
  readonly rule: Rule;
  /** `fixed`: a bad one to which the rule's own safe fixes were applied. */
  readonly kind: 'bad' | 'fixed' | 'good';
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
    for (const { kind, example, text } of versionsOf(rule, kernel)) {
      const own = example.file?.replace(/\.c$/, '');
      const name = own === undefined || taken.has(own) ? freshName(text, taken) : own;
      taken.add(name);
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
  // The kernel says that it is tainted once in a boot: those that claim it come first. What goes wrong later may spoil
  // what runs behind it: the hazards come last.
  const turn = ({ rule, kind }: RuleExperiment) =>
    /TAINT_LIVEPATCH/.test(rule.kernel.log ?? '') ? 0 : kind === 'bad' && rule.kernel.outcome === 'hazard' ? 2 : 1;
  return experiments.toSorted((a, b) => turn(a) - turn(b));
}

/** By its text and not by its place: what has not changed need not be built again. */
function freshName(text: string, taken: ReadonlySet<string>): string {
  for (let turn = 0; ; turn++) {
    const hash = createHash('sha256').update(`${turn}${text}`).digest('hex').slice(0, 6);
    if (!taken.has(`${CLAIMED_NAME}_${hash}`)) return `${CLAIMED_NAME}_${hash}`;
  }
}

/** The examples of a rule for a kernel, and what its safe fixes make of the bad ones. */
function* versionsOf(rule: Rule, kernel: KernelVersion): Generator<Pick<RuleExperiment, 'kind' | 'example'> & Text> {
  for (const kind of ['bad', 'good'] as const) {
    for (const example of rule.examples[kind]) {
      if (!isFor(example, rule, kernel)) continue;
      const { text } = exampleText(example);
      yield { kind, example, text };
      const fixed = kind === 'bad' ? fixedText(rule, example, text, kernel) : text;
      if (fixed !== text) yield { kind: 'fixed', example, text: fixed };
    }
  }
}

interface Text {
  readonly text: string;
}

/** As "fix all" leaves it, with that rule alone. */
function fixedText(rule: Rule, example: Example, text: string, version: KernelVersion): string {
  const file = example.file ?? `${CLAIMED_NAME}.c`;
  const kernel = { version, knowledge: rule.needs ? EXAMPLE_KERNEL : null };
  let fixed = text;
  for (let round = 0; round < FIX_ROUNDS; round++) {
    const unit = new SourceUnit(parser, file, fixed);
    const module = readModule([unit], { name: file.replace(/\.c$/, '').replaceAll('-', '_'), missing: [] });
    unit.dispose();
    const edits = fixAllEdits(checkModule(module, { kernel, severities: {}, rules: [rule] }), file);
    if (edits.length === 0) break;
    fixed = applyEdits(fixed, edits);
  }
  return fixed;
}

/** What one fix leaves may need another. */
const FIX_ROUNDS = 5;

/**
 * An eighth of the experiments, another one for each `turn`, and two that crash. What crashes costs a boot, what hangs a
 * minute: the first of the crashes does. Chosen by their text, so that a new rule does not change which others are tried.
 */
export function sampleOf(experiments: readonly RuleExperiment[], turn: number): RuleExperiment[] {
  const isQuick = ({ rule, kind }: RuleExperiment) =>
    kind === 'good' || !/^(?:crash|hazard)$/.test(rule.kernel.outcome);
  const crashes = experiments.filter(({ rule, kind }) => kind === 'bad' && rule.kernel.outcome === 'crash');
  return [
    ...experiments.filter((experiment) => isQuick(experiment) && lotOf(experiment) === turn),
    ...crashes.slice(2 * turn + 1, 2 * turn + 3),
  ];
}

/** 0 to 7. */
function lotOf({ source }: RuleExperiment): number {
  const hash = createHash('sha256').update(JSON.stringify(source.files)).digest();
  return (hash[0] ?? 0) % 8;
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
  if (experiment.kind === 'fixed') return fixDisagreement(claim, verdict);
  if (!OUTCOMES[claim.outcome].includes(verdict.outcome)) return `claims ${claim.outcome}, seen ${seen}`;
  if (claim.errno !== undefined && claim.errno !== verdict.errno) {
    return `claims ${claim.errno}, seen ${verdict.errno ?? errnoName(0)}`;
  }
  if (claim.log !== undefined && !verdict.log.some((line) => says(line, claim.log ?? ''))) {
    return `claims the line "${claim.log}", which is not in the log`;
  }
  return null;
}

/**
 * A fixed example may still hold what other rules are about, or do what its author wanted. It must not do what the rule
 * warns of, nor anything worse.
 */
function fixDisagreement(claim: OtherConsequence, verdict: LoadVerdict): string | null {
  if (verdict.outcome === 'clean' || isForAbsentModule(verdict)) return null;
  const seen = `the fixed example: ${verdict.outcome} (${verdict.because})`;
  if (/^(?:build-error|crash|warned)$/.test(verdict.outcome)) return seen;
  const isHarmless = claim.outcome === 'hazard' || claim.outcome === 'accepted';
  if (isHarmless) return verdict.outcome === 'ignored' || verdict.outcome === 'stuck' ? null : seen;
  return OUTCOMES[claim.outcome].includes(verdict.outcome) ? seen : null;
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
      .replace(/uptime_fix_[\da-f]{6}/g, CLAIMED_NAME)
      .replace(/'[^']*'/g, "'…'")
      .replace(/for \S+ with/g, 'for … with');
  return nameless(line).includes(nameless(claimed));
}
