import type { LivepatchModule, SourceRange } from '../../../shared/src/model/index.ts';
import type { KernelKnowledge } from '../kernel/knowledge.ts';
import type { KernelVersion } from '../kernel/version.ts';
import type { KernelFunction } from './kernel-source.ts';

export type { KernelVersion };

/** `error`: a real kernel rejects it, crashes on it or silently does nothing. Others: see docs/rules/README.md. */
export type Severity = 'error' | 'warning' | 'information' | 'hint';

export type RuleGroup =
  | 'structure'
  | 'lifecycle'
  | 'symbols'
  | 'functions'
  | 'callbacks'
  | 'shadow'
  | 'state'
  | 'replace'
  | 'versions'
  | 'style';

/** What the kernel the module is for is. */
export interface TargetKernel {
  readonly version: KernelVersion;
  /** Its symbols and types; null when no source is known. Rules that need them say nothing then. */
  readonly knowledge: KernelKnowledge | null;
  /** What its source says of functions, by name; a name that is not there was not looked for. */
  readonly source?: ReadonlyMap<string, readonly SourceFunction[]> | undefined;
}

/** A function as the source of the target kernel defines it. */
export interface SourceFunction extends Pick<KernelFunction, 'inline' | 'attributes' | 'threadMain' | 'locks'> {
  /** Where, for people: `mm/vmscan.c:7150`. */
  readonly place: string;
}

/**
 * What the kernel does with the mistake. The kernel suite loads the bad examples and compares.
 */
export interface Consequence {
  readonly outcome: /** insmod fails with `errno`. */
    | 'rejected'
    /** insmod succeeds, nothing or not everything is patched, and nobody says so. */
    | 'ignored'
    /** Oops, panic, soft lockup, list corruption. */
    | 'crash'
    /** The compiler or modpost stops. */
    | 'build-error'
    /** Works now, and goes wrong in a later operation or under load. */
    | 'hazard'
    /** Works; there is a better way. */
    | 'accepted';
  /** `EINVAL`, when rejected. */
  readonly errno?: string;
  /** The kernel's own log line, with the names of the bad example; absent when the kernel says nothing. */
  readonly log?: string;
  /** One or two plain sentences: what happens. */
  readonly text: string;
  /** How we know: seen by loading on these kernels, or where it was read. */
  readonly evidence:
    | 'loaded on 6.1 and 6.12'
    | 'built on 6.1 and 6.12'
    /** A compiled module that was edited so, because no compiler makes one like it: test/kernel/relocations.test.ts. */
    | 'edited module on 6.1 and 6.12'
    | 'kernel source'
    | 'documentation';
}

/**
 * A whole module in C: complete and compilable. In bad examples each line on which the rule must report something ends
 * in `//~`; the tests check that it reports there, once, and nowhere else. Pages and compilers get the text without it.
 */
export interface Example {
  /** What it shows, in a few words. */
  readonly title: string;
  readonly code: string;
  /** The file's name, when that is the mistake. The module is called after it. */
  readonly file?: string;
  /** The kernel it is for, when the example shows something that 6.12 neither has nor refuses. 6.12 when absent. */
  readonly kernel?: KernelVersion;
  /** What kernels do with this example where it is not what the rule's `kernel` says. The first that fits counts. */
  readonly otherwise?: readonly OtherConsequence[];
}

/** Another consequence, on one kernel or, without `on`, on all. */
export interface OtherConsequence extends Pick<Consequence, 'outcome' | 'errno' | 'log'> {
  readonly on?: KernelVersion;
}

export interface Rule {
  /** kebab-case; shown in the editor, used in settings and in `livepatch-ignore`. Never reused for something else. */
  readonly id: string;
  readonly severity: Severity;
  /** Why this severity and no other, in a sentence. */
  readonly severityReason: string;
  readonly group: RuleGroup;
  /** One line, for the index. */
  readonly summary: string;
  /** Kernels on which the rule says something: from `since` on, before `until`. */
  readonly since?: KernelVersion;
  readonly until?: KernelVersion;
  /** What must be known of the target kernel: the rule says nothing without. Its examples are checked against EXAMPLE_KERNEL. */
  readonly needs?: 'symbols' | 'types' | 'source';
  readonly kernel: Consequence;
  /** Why it matters and what to do: Markdown for the rule's page, two to six sentences. */
  readonly explanation: string;
  readonly examples: { readonly bad: readonly Example[]; readonly good: readonly Example[] };
  /** Never throws, reads nothing but its arguments. */
  check(module: LivepatchModule, kernel: TargetKernel): readonly RuleFinding[];
}

/** What a rule returns; the engine adds id, severity and consequence. */
export interface RuleFinding {
  /** What is underlined: the least text that shows the mistake. */
  readonly range: SourceRange;
  /**
   * Where this finding is less certain than the rule: what rests only on the built-in reference kernel is at most a
   * warning. The milder of this and of what the rule or the user's settings say holds.
   */
  readonly severity?: Severity;
  /** What is wrong, in a sentence; then, in another, what the kernel does. */
  readonly message: string;
  readonly related?: readonly { readonly range: SourceRange; readonly message: string }[];
  readonly fixes?: readonly Fix[];
}

export interface Fix {
  /** Imperative: "Add the terminating entry". */
  readonly title: string;
  /** `safe` ones are applied by "fix all" and on save; `suggestion` ones only when picked. */
  readonly safety: 'safe' | 'suggestion';
  /** In one or several files, not overlapping. */
  readonly edits: readonly TextEdit[];
}

export interface TextEdit {
  readonly range: SourceRange;
  readonly newText: string;
}

/** A finding as the hosts (server, command line) get it. */
export interface Finding extends RuleFinding {
  readonly rule: string;
  readonly severity: Severity;
  /** What the kernel does, in a sentence. */
  readonly kernel: string;
}
