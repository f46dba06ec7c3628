import { bootGuest } from './boot-guest.ts';
import type { Kernel } from './find-kernel.ts';
import { type GuestFile, guestImage } from './guest-image.ts';
import type { GuestPlan } from './guest-plan.ts';
import { type PlanResult, readBootReport } from './guest-report.ts';

export interface RunPlansOptions {
  readonly cache: string;
  /** Told when a plan is over. */
  readonly progress?: (done: number, of: number, result: PlanResult) => void;
  /** Milliseconds of real time without a word after which a guest is given up; 60,000 when not given. */
  readonly silence?: number;
  /** Milliseconds of real time that one boot may take at most; half an hour when not given. */
  readonly limit?: number;
  /** Gets the lines of the guest's report as they come. */
  readonly onReport?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** The log has a line of klp_try_switch_task() for each task that a pass could not switch. */
  readonly tellTasks?: boolean;
}

/** A guest that does not even start a plan is tried so often. */
const BOOT_TRIES = 2;
/** Milliseconds of real time that one boot may take at most. */
const BOOT_LIMIT = 30 * 60_000;

/**
 * Carries plans out on a real kernel, one after the other. They share a boot as long as each leaves the machine clean;
 * after a crash or dirt the next one gets a new boot. A crash, a hang or an Oops is a result.
 *
 * @returns one result for each plan, in their order
 * @throws Error when the kernel does not boot, or the run is stopped through `signal`
 */
export async function runPlans(
  kernel: Kernel,
  plans: readonly GuestPlan[],
  files: readonly GuestFile[],
  options: RunPlansOptions,
): Promise<PlanResult[]> {
  const image = await guestImage(plans, files, options);
  const names = plans.map((plan) => plan.name);
  const results: PlanResult[] = [];
  let failures = 0;
  while (results.length < plans.length) {
    const first = results.length;
    const parameters = [`klp_from=${first}`, ...(options.tellTasks ? ['klp_tasks=1'] : [])];
    const boot = await bootGuest(kernel, image, parameters, {
      silence: options.silence ?? 60_000,
      limit: options.limit ?? BOOT_LIMIT,
      ...(options.onReport ? { onReport: options.onReport } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const report = readBootReport(boot.report, boot.console, names, first, boot.end);
    if (report.results.length === 0) {
      failures++;
      if (failures === BOOT_TRIES || boot.end === 'limit') {
        throw new Error(`Kernel ${kernel.release} did not come up. ${lastWords(boot.console)}`);
      }
      continue;
    }
    failures = 0;
    for (const result of report.results) {
      results.push(result);
      options.progress?.(results.length, plans.length, result);
    }
  }
  return results;
}

function lastWords(console: string): string {
  if (console.trim() !== '') return `Its last words:\n${console.slice(-2000)}`;
  return 'It said nothing on its serial line: it needs CONFIG_SERIAL_8250_CONSOLE.';
}
