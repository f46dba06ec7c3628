/**
 * Which of the scheduler's functions are on a sleeping task's stack, where /proc/PID/stack does not show them.
 *
 * @param traced stacks that the kernel traced whole when it switched to another task: innermost first, with `;` between the
 *   frames. What is further in than `__schedule` belongs to the tracing.
 * @param shown stacks that /proc showed on the same machines, in the same form: what a traced stack has on top of one of
 *   them is left out by /proc
 * @returns by the innermost function that /proc shows, what is between it and schedule(), with `;` between the frames.
 *   Functions that were seen with different ones are left out, and those that call schedule() themselves.
 */
export function hiddenFrames(traced: readonly string[], shown: ReadonlySet<string>): Map<string, string> {
  const sleeping = traced.flatMap((text) => {
    const stack = text.slice(text.indexOf('__schedule;')).split(';');
    // Others did not go to sleep, but were told to let somebody else run.
    return stack[1] === 'schedule' ? [stack.slice(2)] : [];
  });
  const scheduler = new Set<string>();
  for (const stack of sleeping) {
    const hidden = stack.findIndex((_, i) => shown.has(stack.slice(i).join(';')));
    for (const frame of stack.slice(0, Math.max(0, hidden))) scheduler.add(frame);
  }
  const found = new Map<string, Set<string>>();
  for (const stack of sleeping) {
    const first = stack.findIndex((frame) => !scheduler.has(frame));
    const innermost = stack[first];
    if (innermost === undefined) continue;
    found.set(innermost, (found.get(innermost) ?? new Set()).add(stack.slice(0, first).join(';')));
  }
  return new Map(
    [...found]
      .flatMap(([innermost, ways]): [string, string][] => (ways.size === 1 ? [[innermost, [...ways].join('')]] : []))
      .filter(([, hidden]) => hidden !== ''),
  );
}
