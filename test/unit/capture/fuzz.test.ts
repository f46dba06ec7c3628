import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonFault } from '../../../server/src/capture/json-fault.ts';
import { readCapture } from '../../../server/src/capture/read-capture.ts';
import { at, load, patch, play } from '../simulator/support.ts';
import { EPOLL, recording, task, WORKER } from './recording.ts';

/** Recordings of real guests: test/kernel makes them. */
const REAL = ['6.1', '6.12'].map((version) => {
  const file = `guest.${version}.json`;
  return [file, readFileSync(new URL(`../../fixtures/captures/${file}`, import.meta.url), 'latin1')] as const;
});

/** Recordings that somebody edited, cut or invented: each gives an error for people or a workload that can be simulated. */

const SEED: unknown = recording(
  [
    task(),
    task({ comm: 'kworker/0:1', kind: 'kthread', state: 'I', cpus: '0', stack: WORKER }),
    task({ comm: 'spin', state: 'R', trusted: false, stack: null, runtime: 9_000_000_000 }),
    task({ comm: 'iou-wrk-7', kind: 'io_worker', state: 'D', stack: [...EPOLL, 'ext4_sync_file [ext4]'] }),
  ],
  undefined,
  { nohzFull: '3', problems: ['x'], livepatches: [{ name: 'a', objects: [] }] },
);

/** Every place in a JSON value. */
function places(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return [path, ...keys.flatMap((key) => places((value as Record<string | number, unknown>)[key], [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    '',
    '0-7',
    '3,1',
    '0-99999999',
    'R',
    'Z',
    'kthread',
    '__proto__',
    '\u0000',
    'f [m]',
    true,
    null,
    [],
    {},
  ),
  fc.constantFrom(0, -1, 1, 0.5, 1e308, 2 ** 53, 2 ** 64, 1e10, Number.NaN),
  fc.integer(),
  fc.nat({ max: 5000 }),
  fc.string(),
  fc.jsonValue(),
);

/** Reads a text, and simulates what comes out of it. */
function survives(text: string): 'read' | 'refused' {
  const reading = readCapture(text);
  if (!reading.ok) {
    expect(reading.error).toMatch(/^\P{Cc}+\.$/u);
    return 'refused';
  }
  for (const warning of reading.warnings) expect(warning).toMatch(/^\P{Cc}+\.$/u);
  const { workload } = reading;
  expect(workload.cpus).toBeGreaterThan(0);
  expect(workload.nohzFullCpus.every((cpu) => cpu < workload.cpus)).toBe(true);
  for (const { comm, cpus, count } of workload.tasks) {
    expect([...comm].length).toBeLessThanOrEqual(15);
    if (cpus) expect(cpus).toHaveLength(count);
    expect((cpus ?? []).every((cpu) => cpu < workload.cpus)).toBe(true);
  }
  // The simulator checks itself and throws.
  if (workload.cpus <= 64) {
    play(workload, [at(0, load(patch('lp', { vmlinux: ['do_epoll_wait', 'worker_thread'] })))], {
      timeLimit: 3_000_000,
    });
  }
  return 'read';
}

describe('edited recordings', () => {
  it('that nobody edited are read', () => {
    expect(survives(JSON.stringify(SEED))).toBe('read');
  });

  it('with other values in some places', () => {
    const edit = fc.tuple(fc.constantFrom(...places(SEED).slice(1)), odd);
    const outcomes = { read: 0, refused: 0 };
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let value = SEED;
        for (const [place, by] of edits) {
          // A place may be gone after an edit further up.
          if (places(value).some((each) => each.join('/') === place.join('/'))) value = replaced(value, place, by);
        }
        outcomes[survives(JSON.stringify(value))]++;
      }),
      { numRuns: 400 },
    );
    expect(outcomes.read).toBeGreaterThan(10);
    expect(outcomes.refused).toBeGreaterThan(10);
  });

  it('with other text in some places', () => {
    const text = JSON.stringify(SEED, null, 1);
    const cut = fc.record({
      at: fc.nat(text.length),
      drop: fc.nat(20),
      put: fc.oneof(fc.string(), fc.constantFrom('"', '{', ']', ',')),
    });
    fc.assert(
      fc.property(cut, ({ at, drop, put }) => {
        survives(text.slice(0, at) + put + text.slice(at + drop));
      }),
      { numRuns: 400 },
    );
  });

  it('that are no recordings at all', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => survives(text) === 'refused'));
    expect(survives('['.repeat(200_000))).toBe('refused');
    expect(survives(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)).toBe('refused');
  });
});

describe.each(REAL)('the recording %s', (_, text) => {
  const value: unknown = JSON.parse(text);
  const tasks = (value as { samples: { tasks: unknown[] }[] }).samples.flatMap(({ tasks }, i) =>
    tasks.map((_, j) => ['samples', i, 'tasks', j]),
  );

  it('is refused with the place when it is cut anywhere', () => {
    fc.assert(
      fc.property(fc.nat(text.trimEnd().length - 1), (length) => {
        const reading = readCapture(text.slice(0, length));
        expect(reading).toMatchObject({ ok: false });
        expect(!reading.ok && reading.error).toMatch(
          /^(?:The recording is empty|The recording ends too early, in line \d+, column \d+: .*)\.$/,
        );
      }),
      { numRuns: 100 },
    );
  });

  it('is read or refused, with reasons, when some of its bytes are others', () => {
    const flip = fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(flip, { minLength: 1, maxLength: 5 }), (flips) => {
        const chars = [...text];
        for (const [at, byte] of flips) chars[at] = String.fromCharCode(byte);
        survives(chars.join(''));
      }),
      { numRuns: 60 },
    );
  });

  it('is read or refused, with reasons, when fields of its tasks have other values, or tasks are gone or there twice', () => {
    const fields = Object.keys((value as { samples: { tasks: object[] }[] }).samples[0]?.tasks[0] ?? {});
    const edit = fc.record({
      task: fc.constantFrom(...tasks),
      field: fc.option(fc.constantFrom(...fields)),
      by: odd,
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 10 }), (edits) => {
        let edited = structuredClone(value) as { samples: { tasks: Record<string, unknown>[] }[] };
        for (const { task, field, by } of edits) {
          const [, sample, , index] = task as [string, number, string, number];
          const list = edited.samples[sample]?.tasks;
          if (list === undefined || list[index] === undefined) continue;
          if (field !== null) edited = replaced(edited, [...task, field], by) as typeof edited;
          else if (by === true) list.push({ ...list[index] });
          else list.splice(index, 1);
        }
        survives(JSON.stringify(edited));
      }),
      { numRuns: 60 },
    );
  });
});

describe('where JSON goes wrong', () => {
  it('is nowhere in JSON', () => {
    fc.assert(fc.property(fc.json(), (text) => jsonFault(text) === null));
  });

  it('is somewhere exactly when JSON.parse() fails, and not before the text stops being JSON', () => {
    const edited = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.nat({ max: 2 }),
        fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom('"', '\\', ',', '{', '1')),
      )
      .map(([json, place, drop, put]) => {
        const at = place % (json.length + 1);
        return json.slice(0, at) + put + json.slice(at + drop);
      });
    fc.assert(
      fc.property(edited, (text) => {
        let parses = true;
        try {
          JSON.parse(text);
        } catch {
          parses = false;
        }
        const fault = jsonFault(text);
        expect(fault === null).toBe(parses);
        // What stands before the fault can still become JSON: it is only cut.
        if (fault !== null && fault < text.length) expect(jsonFault(text.slice(0, fault)) ?? fault).toBe(fault);
      }),
      { numRuns: 2000 },
    );
  });
});
