import type { PatchImage } from '../../../../shared/src/model/index.ts';
import { forecastSvg } from '../../../../shared/src/picture/timeline-svg.ts';
import { SIMULATE_COMMAND } from '../../../../shared/src/protocol.ts';
import type { Blocker, Forecast } from '../../../../shared/src/simulator/forecast-types.ts';
import { frameText } from '../../../../shared/src/simulator/reason-text.ts';
import { timeText } from '../../../../shared/src/simulator/time-text.ts';
import type { ClientAbilities } from '../client-abilities.ts';
import { block, bullets, code, count, plain } from './markdown.ts';

/** Lines of the kernel log that a hover shows. */
const MAX_LOG_LINES = 12;
const MAX_BLOCKERS = 4;
const MAX_ADVICE = 4;

/** The forecast of a patch: the answer in words, the picture, then the evidence. */
export function patchHover(
  image: PatchImage,
  forecast: Forecast,
  client: ClientAbilities,
  uri: string,
  assumed: readonly string[],
): string {
  const { workload, kernel } = forecast;
  const parts = [
    `**Loading ${code(image.module)} on Linux ${kernel}, ${plain(workload.title)} (${count(workload.tasks, 'task')})**`,
    plain(forecast.headline),
    spread(forecast),
  ];
  if (client.richHover) parts.push(picture(forecast, client));
  const facts = [whoWaits(forecast), whatToDo(forecast), callbacks(forecast)].filter((fact) => fact !== '');
  parts.push(facts.join('\n\n'));
  const log = logOf(forecast);
  if (log.length > 0) parts.push(block(log));
  if (client.richHover && client.simulateCommand && image.variable !== null) {
    parts.push(`[Open the simulation](${commandUri(SIMULATE_COMMAND, [uri, image.variable])})`);
  }
  parts.push(assumptions([...assumed, ...image.assumptions, ...forecast.assumptions]));
  return parts.filter((part) => part !== '').join('\n\n');
}

function spread({ seeds, finished, time, errno }: Forecast): string {
  if (errno !== 0 || seeds <= 1) return '';
  const all = `Over ${seeds} seeds`;
  const stuck =
    finished < seeds ? `${count(seeds - finished, 'run')} of ${seeds} did not finish in the time limit.` : '';
  if (!time) return stuck === '' ? '' : `${all}: none finished in the time limit.`;
  return `${all}: median ${timeText(time.median)}, 95 % within ${timeText(time.p95)}, longest ${timeText(time.max)}. ${stuck}`.trim();
}

function picture(forecast: Forecast, { theme }: ClientAbilities): string {
  const svg = Buffer.from(forecastSvg(forecast, { theme })).toString('base64');
  return `![Tasks that have switched to the new code over time](data:image/svg+xml;base64,${svg})`;
}

function whoWaits({ blockers }: Forecast): string {
  if (blockers.length === 0) return '';
  return `**Who waits**\n${bullets(blockers.map(blockerText), MAX_BLOCKERS)}`;
}

/** Who it is, why it can't switch, and what ends it. */
export function blockerText(blocker: Blocker): string {
  const who = blocker.tasks > 1 ? `${code(blocker.comm)} ×${blocker.tasks}` : code(blocker.comm);
  return `${who} ${reasonText(blocker)}; ${releaseText(blocker)}`;
}

function reasonText({ reason }: Blocker): string {
  switch (reason.kind) {
    case 'running':
      return 'is running whenever the kernel looks';
    case 'unreliable':
      return 'has a stack that the kernel cannot walk reliably';
    case 'sleeping-on':
      return `sleeps in ${code(frameText(reason.function))}, which is being replaced`;
    case 'out-of-reach':
      return reason.text;
  }
}

function releaseText({ reason, released, eintr, until }: Blocker): string {
  const when = until === null ? '' : ` after ${timeText(until)}`;
  switch (released) {
    case 'signal':
      if (reason.kind === 'running') return `the signal makes it leave the kernel${when}`;
      return eintr === null
        ? `the signal wakes it${when}, its system call goes on by itself`
        : `the signal wakes it${when}, and ${code(`${eintr}()`)} returns EINTR to the program`;
    case 'wakes-itself':
      return `switches when it wakes up by itself${when}`;
    case 'kernel-exit':
      return `switches when it leaves the kernel${when}`;
    case 'never':
      return 'nothing releases it';
  }
}

function whatToDo({ advice }: Forecast): string {
  if (advice.length === 0) return '';
  return `**What can be done**\n${bullets(advice.map(plain), MAX_ADVICE)}`;
}

function callbacks({ callbacks }: Forecast): string {
  return callbacks.length === 0 ? '' : `**Callbacks** ${callbacks.map((name) => code(name)).join(' → ')}`;
}

function logOf({ typical }: Forecast): string[] {
  const lines = typical.events.flatMap((event) =>
    event.type === 'log' && event.level !== 'debug' ? [event.text] : [],
  );
  return lines.length <= MAX_LOG_LINES
    ? lines
    : [...lines.slice(0, MAX_LOG_LINES), `… ${lines.length - MAX_LOG_LINES} more lines`];
}

function assumptions(assumed: readonly string[]): string {
  return assumed.length === 0 ? '' : `_Assumed: ${[...new Set(assumed)].map((text) => plain(text)).join(' ')}_`;
}

/** A link that runs a command; brackets and quotes in the arguments are percent-encoded, so they can't end the link. */
function commandUri(command: string, args: readonly unknown[]): string {
  const encoded = encodeURIComponent(JSON.stringify(args)).replace(/[()]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  return `command:${command}?${encoded}`;
}
