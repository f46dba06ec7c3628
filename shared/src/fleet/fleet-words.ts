import { frameText } from '../simulator/reason-text.ts';
import type { FleetBlocker, FleetSummary, Outcome } from './fleet-summary.ts';

/** A fleet's summary in words: for the terminal and the report alike. */

export const OUTCOME_TEXT: { readonly [outcome in Outcome]: string } = {
  'within-1s': 'done within 1 s in every run',
  'within-5s': 'done within 5 s in every run',
  'within-60s': 'done within 60 s in every run',
  slower: 'done later than 60 s',
  sometimes: 'not done within the time limit in some runs',
  never: 'not done within the time limit in any run',
  refused: 'the kernel refuses the patch',
  unreadable: 'the recording can’t be used',
};

/** One or two sentences: what an operator needs first. */
export function fleetHeadline({ hosts, outcomes, needSignals, blockers }: FleetSummary): string {
  const usable = hosts - outcomes.unreadable;
  if (usable === 0)
    return hosts === 0 ? 'There are no hosts.' : `None of ${hostsText(hosts)} has a recording that can be used.`;
  const done = outcomes['within-1s'] + outcomes['within-5s'] + outcomes['within-60s'];
  const parts = [
    `Done within 60 s on ${done.toLocaleString('en')} of ${hostsText(usable)} (${percent(done, usable)}).`,
  ];
  const stalled = outcomes.never + outcomes.sometimes;
  const worst = blockers.find(({ released }) => released === 'never');
  if (stalled > 0) {
    const on = worst === undefined ? '' : `, mostly on ${blockedOn(worst)}`;
    parts.push(`It would stall on ${hostsText(stalled)} (${percent(stalled, usable)})${on}.`);
  }
  if (outcomes.refused > 0) parts.push(`${hostsText(outcomes.refused)} would refuse the patch.`);
  if (needSignals > 0) parts.push(`On ${hostsText(needSignals)} tasks wait for the signal at 15 s.`);
  return parts.join(' ');
}

/** `tasks that sleep in do_epoll_wait()`. */
export function blockedOn({ why, function: name }: Pick<FleetBlocker, 'why' | 'function'>): string {
  if (name !== null) return `tasks that sleep in ${frameText(name)}`;
  return why === 'running'
    ? 'tasks that run on a CPU whenever the kernel looks'
    : 'tasks whose stack can’t be walked reliably';
}

export function releaseText({ why, released, eintr }: Pick<FleetBlocker, 'why' | 'released' | 'eintr'>): string {
  if (released === 'signal' && why === 'running') return 'the signal at 15 s makes them leave the kernel';
  if (released === 'signal') {
    return eintr.length === 0
      ? 'the signal at 15 s wakes them'
      : `the signal at 15 s wakes them; ${eintr.map((call) => `${call}()`).join(', ')} returns EINTR`;
  }
  if (released === 'kernel-exit') return 'they switch when they leave the kernel';
  return released === 'wakes-itself' ? 'they switch when they wake up by themselves' : 'nothing releases them';
}

export const hostsText = (count: number): string => `${count.toLocaleString('en')} ${count === 1 ? 'host' : 'hosts'}`;

/** `12 %`; never 0 % of something, never 100 % of less than all. */
export function percent(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %';
  if (part === whole) return '100 %';
  const value = (100 * part) / whole;
  if (value < 0.1) return 'less than 0.1 %';
  return value > 99.9 ? 'more than 99.9 %' : `${value < 10 || value > 90 ? value.toFixed(1) : Math.round(value)} %`;
}
