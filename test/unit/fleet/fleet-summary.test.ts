import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fleetHtml } from '../../../shared/src/fleet/fleet-html.ts';
import { FleetTally, OUTCOMES, outcomeOf } from '../../../shared/src/fleet/fleet-summary.ts';
import { blockedOn, fleetHeadline, percent, releaseText } from '../../../shared/src/fleet/fleet-words.ts';
import { type HostBlocker, type HostResult, parseHostResult } from '../../../shared/src/fleet/host-result.ts';

const SECOND = 1_000_000;

const blocker = (more: Partial<HostBlocker> = {}): HostBlocker => ({
  comm: 'postgres',
  tasks: 3,
  seeds: 10,
  released: 'signal',
  eintr: 'epoll_wait',
  until: 16 * SECOND,
  why: 'sleeping-on',
  function: 'do_epoll_wait',
  stack: ['schedule', 'do_epoll_wait', 'do_syscall_64'],
  ...more,
});

type Ok = Extract<HostResult, { ok: true }>;

/** A host whose slowest run takes `max` microseconds; null when none finishes. */
function host(name: string, max: number | null, more: Partial<Ok> = {}): HostResult {
  return {
    format: 'livepatch-fleet-1',
    run: 'a',
    module: 'fix',
    host: name,
    ok: true,
    recorded: '6.12.1',
    kernel: '6.12',
    tasks: 100,
    seeds: 10,
    errno: 0,
    finished: max === null ? 0 : 10,
    time: max === null ? null : { min: 0, median: max, p95: max, max },
    timeLimit: 60 * SECOND,
    needsSignals: 0,
    blockers: [],
    moreBlockers: 0,
    headline: `${name} in words`,
    warnings: [],
    ...more,
  };
}

const unreadable = (name: string): HostResult => ({
  format: 'livepatch-fleet-1',
  run: 'a',
  module: 'fix',
  host: name,
  ok: false,
  error: 'The recording ends too early.',
});

function summaryOf(results: readonly HostResult[]) {
  const tally = new FleetTally();
  for (const result of results) tally.add(result);
  return tally.summary();
}

describe('outcomeOf', () => {
  it('goes by the slowest run', () => {
    expect(
      [0, SECOND, SECOND + 1, 5 * SECOND, 60 * SECOND, 60 * SECOND + 1].map((max) => outcomeOf(host('h', max))),
    ).toEqual(['within-1s', 'within-1s', 'within-5s', 'within-5s', 'within-60s', 'slower']);
  });

  it('tells apart runs that never end, some that do not, refusals and broken recordings', () => {
    expect(outcomeOf(host('h', null))).toBe('never');
    expect(outcomeOf(host('h', SECOND, { finished: 9 }))).toBe('sometimes');
    expect(outcomeOf(host('h', null, { errno: -22 }))).toBe('refused');
    expect(outcomeOf(unreadable('h'))).toBe('unreadable');
  });
});

/** What the report is of. */
const FACTS = { module: 'fix', seeds: 10, made: '2026-01-01T00:00:00Z', assumptions: ['CONFIG_HZ is 250.'] };

describe('FleetTally', () => {
  it('keeps the advice of the first host that had it, which the report shows by its name', () => {
    const stuck = (advice: string) => [blocker({ released: 'never', eintr: null, advice: [advice] })];
    const summary = summaryOf([
      host('db1', null, { blockers: stuck('postgres on db1: detach the debugger.') }),
      host('db2', null, { blockers: stuck('postgres on db2: let it go on.') }),
    ]);
    expect(summary.blockers[0]?.advice).toEqual(['postgres on db1: detach the debugger.']);
    expect(fleetHtml(summary, FACTS)).toContain('advice, on db1</summary>');
  });

  it('counts hosts once for a kind of blocker, and their tasks all', () => {
    const { blockers } = summaryOf([
      host('db1', 16 * SECOND, { blockers: [blocker(), blocker({ comm: 'nginx', tasks: 2 })] }),
      host('db2', 16 * SECOND, { blockers: [blocker({ tasks: 1 })] }),
    ]);
    expect(blockers).toEqual([
      {
        why: 'sleeping-on',
        function: 'do_epoll_wait',
        released: 'signal',
        hosts: 2,
        tasks: 6,
        comms: [
          { comm: 'postgres', hosts: 2 },
          { comm: 'nginx', hosts: 1 },
        ],
        eintr: ['epoll_wait'],
        stack: ['schedule', 'do_epoll_wait', 'do_syscall_64'],
        advice: [],
        examples: ['db1', 'db2'],
      },
    ]);
  });

  it('puts what nothing releases before what a signal does, however many hosts have it', () => {
    const { blockers } = summaryOf([
      host('a', 16 * SECOND, { blockers: [blocker()] }),
      host('b', 16 * SECOND, { blockers: [blocker()] }),
      host('c', null, { blockers: [blocker({ released: 'never', function: 'xfs_buf_iowait', comm: 'xfsaild/sda1' })] }),
    ]);
    expect(blockers.map(({ function: name }) => name)).toEqual(['xfs_buf_iowait', 'do_epoll_wait']);
  });

  it('draws a curve that only rises, to the share of hosts that finish', () => {
    const { curve } = summaryOf([host('a', 0), host('b', 2 * SECOND), host('c', 16 * SECOND), host('d', null)]);
    const at = (seconds: number) => curve.find((point) => point.at === seconds * SECOND)?.hosts;
    expect([at(0), at(1), at(2), at(15), at(16), at(60)]).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('gives every host exactly one outcome, and the same summary in whatever order results come', () => {
    const results = fc.array(
      fc.record({
        name: fc.integer({ min: 0, max: 1_000_000 }),
        max: fc.option(fc.integer({ min: 0, max: 70 * SECOND })),
        ok: fc.boolean(),
        tasks: fc.integer({ min: 1, max: 50 }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(results, fc.func(fc.integer()), (drawn, key) => {
        const all = drawn.map(({ name, max, ok, tasks }, index) =>
          ok ? host(`h${name}-${index}`, max, { blockers: [blocker({ tasks })] }) : unreadable(`h${name}-${index}`),
        );
        const mixed = all.map((result) => ({ result, key: key(result.host) })).sort((a, b) => a.key - b.key);
        const { blockers, unreadable: named, ...one } = summaryOf(all);
        const other = summaryOf(mixed.map(({ result }) => result));
        expect(other).toMatchObject(one);
        expect(other.blockers.map(({ examples: _, ...rest }) => rest)).toEqual(
          blockers.map(({ examples: _, ...rest }) => rest),
        );
        expect(OUTCOMES.reduce((sum, outcome) => sum + one.outcomes[outcome], 0)).toBe(all.length);
        expect(named.length).toBe(one.outcomes.unreadable);
      }),
    );
  });

  it('does not grow with the number of hosts', () => {
    const tally = new FleetTally();
    for (let index = 0; index < 20_000; index++) {
      tally.add(
        index % 2 === 0
          ? unreadable(`broken${index}`)
          : host(`h${index}`, null, {
              recorded: `6.12.${index}`,
              blockers: [blocker({ comm: `c${'x'.repeat(index % 97)}`, function: `f${index}` })],
            }),
      );
    }
    const summary = tally.summary();
    expect(JSON.stringify(summary).length).toBeLessThan(400_000);
    expect(summary.blockers.length + summary.moreBlockers).toBe(10_000);
    expect(summary.outcomes.unreadable).toBe(10_000);
    expect(summary.unreadable).toHaveLength(100);
  });
});

describe('in words', () => {
  it('says how many finish, how many stall and on what', () => {
    const summary = summaryOf([
      host('a', 0),
      host('b', 16 * SECOND, { needsSignals: 10, blockers: [blocker()] }),
      host('c', null, { blockers: [blocker({ released: 'never', function: 'xfs_buf_iowait' })] }),
      unreadable('d'),
    ]);
    expect(fleetHeadline(summary)).toBe(
      'Done within 60 s on 2 of 3 hosts (67 %). It would stall on 1 host (33 %), mostly on tasks that sleep in ' +
        'xfs_buf_iowait(). On 1 host tasks wait for the signal at 15 s.',
    );
  });

  it('names a module’s function as people do, and does not place in the kernel who only runs', () => {
    expect(blockedOn(blocker({ function: 'xfs_buf_iowait [xfs]' }))).toBe(
      'tasks that sleep in xfs_buf_iowait() of xfs',
    );
    const running = { why: 'running', function: null, released: 'signal', eintr: [] } as const;
    expect(blockedOn(running)).toBe('tasks that run on a CPU whenever the kernel looks');
    expect(releaseText(running)).toBe('the signal at 15 s makes them leave the kernel');
    expect(blockedOn({ why: 'unreliable', function: null })).toBe('tasks whose stack can’t be walked reliably');
  });

  it('has a sentence for a fleet without hosts, and for one without a usable recording', () => {
    expect(fleetHeadline(summaryOf([]))).toBe('There are no hosts.');
    expect(fleetHeadline(summaryOf([unreadable('a')]))).toBe('None of 1 host has a recording that can be used.');
  });

  it('never rounds some to none, nor nearly all to all', () => {
    expect([percent(0, 10_000), percent(1, 10_000), percent(9_999, 10_000), percent(10_000, 10_000)]).toEqual([
      '0 %',
      'less than 0.1 %',
      'more than 99.9 %',
      '100 %',
    ]);
  });
});

describe('fleetHtml', () => {
  it('escapes what recordings say', () => {
    const evil = '<script>alert("x")</script>&';
    const html = fleetHtml(
      summaryOf([
        host(evil, null, {
          headline: evil,
          recorded: evil,
          blockers: [blocker({ comm: evil, function: evil, stack: [evil], advice: [evil] })],
        }),
        unreadable(evil),
      ]),
      { ...FACTS, module: evil, assumptions: [evil] },
    );
    expect(html).not.toContain('<script');
    expect(html).toContain('&#60;script&#62;alert(&#34;x&#34;)&#60;/script&#62;&#38;');
  });

  it('asks for nothing from outside', () => {
    const html = fleetHtml(summaryOf([host('a', 0)]), FACTS);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/\b(?:src|href)=|url\(|@import/);
  });

  it('says the curve in words too', () => {
    const html = fleetHtml(summaryOf([host('a', 0), host('b', 16 * SECOND)]), FACTS);
    expect(html).toMatch(/aria-label="[^"]*50 % after 1\.0 s[^"]*100 % after 20\.0 s/);
  });
});

describe('parseHostResult', () => {
  it('reads back what was written, and takes nothing that was cut or is something else', () => {
    for (const result of [host('a', SECOND, { blockers: [blocker()] }), unreadable('b')]) {
      const line = JSON.stringify(result);
      expect(parseHostResult(line)).toEqual(result);
      for (let end = 0; end < line.length; end++) expect(parseHostResult(line.slice(0, end))).toBeNull();
    }
    for (const other of ['null', '[]', '3', '{}', '{"format":"livepatch-fleet-1"}'])
      expect(parseHostResult(other)).toBeNull();
  });
});
