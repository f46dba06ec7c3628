import type { LivepatchModule, PatchImage } from '../../../shared/src/model/index.ts';
import { type CheckOptions, checkModule } from '../analysis/check.ts';
import { patchImages } from '../analysis/patch-images.ts';
import type { Finding } from '../analysis/rule.ts';
import type { ModuleStore } from './module-store.ts';

/** What is known of the module of one open document. */
export interface ModuleCheck {
  readonly module: LivepatchModule;
  readonly findings: readonly Finding[];
  readonly images: readonly PatchImage[];
}

/** Findings and images of the modules of open documents, made when asked for and kept until the module or the options change. */
export class ModuleChecks {
  private readonly store: ModuleStore;
  private options: CheckOptions;
  private checks = new WeakMap<LivepatchModule, ModuleCheck>();

  constructor(store: ModuleStore, options: CheckOptions) {
    this.store = store;
    this.options = options;
  }

  setOptions(options: CheckOptions): void {
    this.options = options;
    this.checks = new WeakMap();
  }

  /** Null when the document is not open or has nothing to do with livepatch. Rejects when the parser could not be loaded. */
  async of(file: string): Promise<ModuleCheck | null> {
    const module = await this.store.moduleOf(file);
    if (!module) return null;
    const known = this.checks.get(module);
    if (known) return known;
    const findings = module.role === 'none' ? [] : checkModule(module, this.options);
    let images: readonly PatchImage[] | undefined;
    const check: ModuleCheck = {
      module,
      findings,
      get images() {
        // Findings don't wait for them, and not every client asks.
        images ??= patchImages(module);
        return images;
      },
    };
    this.checks.set(module, check);
    return check;
  }

  /**
   * The findings that stand in one open document. A document that does not mention livepatch itself gets those of the
   * open documents whose module it is a part of.
   */
  async findingsIn(file: string): Promise<Finding[]> {
    const own = await this.of(file);
    const checks = own ? [own] : await Promise.all(this.store.dependents(file).map((other) => this.of(other)));
    const seen = new Set<string>();
    const findings: Finding[] = [];
    for (const check of checks) {
      for (const finding of check?.findings ?? []) {
        const key = `${finding.rule} ${finding.range.start} ${finding.range.end}`;
        if (finding.range.file !== file || seen.has(key)) continue;
        seen.add(key);
        findings.push(finding);
      }
    }
    return findings;
  }
}
