import type { LivepatchModule, SourceRange } from '../../../../shared/src/model/index.ts';

/**
 * Something that only shows when several modules are looked at together. It is no mistake of one module: whether they are
 * ever loaded on one machine only their authors know. So it is listed, never underlined.
 */
export interface WorkspaceRule {
  /** kebab-case. */
  readonly id: string;
  /** One line, for people. */
  readonly summary: string;
  /** What kernels do with such modules, and how that is known. */
  readonly kernel: string;
  /** Never throws. Values that are not known conflict with nothing. */
  check(modules: readonly LivepatchModule[]): readonly WorkspaceFinding[];
}

export interface WorkspaceFinding {
  /** What is the same or does not go together, and what comes of it. */
  readonly message: string;
  /** Where it stands: at least two places. */
  readonly places: readonly WorkspacePlace[];
}

export interface WorkspacePlace {
  /** The module's name. */
  readonly module: string;
  readonly range: SourceRange;
}
