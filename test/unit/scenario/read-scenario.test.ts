import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readScenario } from '../../../server/src/scenario/read-scenario.ts';
import { scenarioText } from './scenarios.ts';

/** The text that each error is about, and what it says. */
function mistakes(text: string): [string, string][] {
  return readScenario(text).errors.map(({ start, end, message }) => [text.slice(start, end), message]);
}

const inSteps = (...steps: object[]) => mistakes(scenarioText(steps));

describe('readScenario', () => {
  it('reads comments, trailing commas, defaults and places', () => {
    const text =
      '\uFEFF{ // what it is\n "title": "T", "modules": { "lp": "a/lp.c" }, "steps": [ { "load": "lp" }, /* end */ ], }';
    const { scenario } = readScenario(text);
    expect(scenario).toMatchObject({ title: 'T', kernels: ['6.12'], workload: null, seed: 1 });
    expect(scenario?.modules.get('lp')).toBe('a/lp.c');
    const [step] = scenario?.steps ?? [];
    expect(text.slice(step?.source.start, step?.source.end)).toBe('{ "load": "lp" }');
    expect(step?.errno).toBe(0);
  });

  it('reads error numbers by name', () => {
    const { scenario } = readScenario(
      scenarioText([
        { load: 'lp', errno: 'EBUSY' },
        { load: 'lp', errno: 'any' },
      ]),
    );
    expect(scenario?.steps.map(({ errno }) => errno)).toEqual([-16, null]);
  });

  it('says where text is no JSON', () => {
    expect(mistakes('')).toEqual([['', 'A value is expected here.']]);
    expect(mistakes('{ "title": }')[0]?.[1]).toBe('A value is expected here.');
    expect(mistakes('{ title: 1 }')[0]).toEqual(['title', 'This is no JSON.']);
    expect(mistakes('[1, 2')[0]?.[1]).toBe('A "]" is missing.');
  });

  it('names unknown keys with the one that was meant', () => {
    const text = '{ "titel": "T", "title": "T", "modules": {}, "steps": [] }';
    expect(mistakes(text)).toEqual([
      ['"titel"', 'There is no key "titel"; did you mean "title"?'],
      ['[]', 'This list must not be empty.'],
    ]);
    expect(inSteps({ lod: 'lp' })).toEqual([['"lod"', 'There is no step "lod"; did you mean "load"?']]);
    expect(inSteps({ load: 'lp', erno: 'EBUSY' })).toEqual([
      ['"erno"', 'There is no key "erno"; did you mean "errno"?'],
    ]);
  });

  it('says what type is wanted', () => {
    expect(mistakes('[]')).toEqual([['[]', 'This must be an object, not a list.']]);
    expect(mistakes('{ "title": 5, "modules": {}, "steps": [ 7 ] }')).toEqual([
      ['5', 'This must be a text, not a number.'],
      ['7', 'This must be an object, not a number.'],
    ]);
    expect(inSteps({ wait: 'a while' })).toEqual([
      ['"a while"', 'This must be a number or "transition", not "a while".'],
    ]);
    expect(inSteps({ wait: -1 })).toEqual([['-1', 'This must be 0 at least.']]);
    expect(inSteps({ load: 'lp', errno: 'EBUSSY' })).toEqual([['"EBUSSY"', 'This is "EBUSSY"; did you mean "EBUSY"?']]);
  });

  it('says what is missing, double or too much in one step', () => {
    expect(mistakes('{}').map(([, message]) => message)).toEqual([
      '"title" is missing.',
      '"modules" is missing.',
      '"steps" is missing.',
    ]);
    expect(mistakes('{ "title": "a", "title": "b", "modules": {}, "steps": [ { "wait": 1 } ] }')).toEqual([
      ['"title"', '"title" stands here twice.'],
    ]);
    expect(inSteps({ load: 'lp', unload: 'lp' })).toEqual([
      ['"unload"', 'A step does one thing: "load" and "unload" need a step each.'],
    ]);
    expect(inSteps({})).toHaveLength(1);
  });

  it('knows the names of modules, targets and tasks', () => {
    expect(inSteps({ load: 'lpp' })).toEqual([['"lpp"', 'There is no module "lpp"; did you mean "lp"?']]);
    expect(inSteps({ 'load-target': 'gait' })).toEqual([['"gait"', 'There is no target "gait"; did you mean "gate"?']]);
    expect(inSteps({ start: 'raeder' })).toEqual([['"raeder"', 'There is no task "raeder"; did you mean "reader"?']]);
    expect(inSteps({ start: 'constructor' })[0]?.[1]).toContain('There is no task "constructor"');
  });

  it('says which steps can not be carried out in their order', () => {
    expect(inSteps({ unload: 'lp' })[0]?.[1]).toBe('No step before this one loads "lp".');
    expect(inSteps({ disable: 'lp' })[0]?.[1]).toBe('No step before this one loads "lp".');
    expect(inSteps({ kill: 'reader' })[0]?.[1]).toBe('No step before this one starts "reader".');
    expect(inSteps({ start: 'reader' }, { start: 'reader' })[0]?.[1]).toBe('"reader" was begun by a step before.');
    expect(inSteps({ start: 'thread' })[0]?.[1]).toContain('"watch" looks at it');
    expect(inSteps({ watch: 'reader' })[0]?.[1]).toContain('"watch" is for kernel threads');
    expect(inSteps({ expect: { patchState: { reader: 0 } } })).toEqual([
      ['"reader"', 'No step before this one starts "reader".'],
    ]);
  });

  it('asks what wakes a task that does not wait for its input', () => {
    expect(inSteps({ start: 'reader' }, { wake: 'reader' })).toEqual([]);
    expect(inSteps({ start: 'held' }, { wake: 'held' })[0]?.[1]).toContain('"by"');
  });

  it('refuses tasks that say too little or too much', () => {
    const task = (sketch: object) =>
      mistakes(scenarioText([{ wait: 1 }], { tasks: { t: sketch } })).map(([, text]) => text);
    expect(task({ does: 'read', file: '/proc/gate' })[0]).toContain('"stack"');
    expect(task({ does: 'epoll', stack: ['f'] })[0]).toContain('is known');
    expect(task({ does: 'pause', seconds: 1 })[0]).toContain('nanosleep');
    expect(task({ does: 'nanosleep', seconds: 1 })).toEqual([]);
  });

  it('refuses what is nested too deeply, and very long texts', () => {
    expect(mistakes('['.repeat(100_000))).toEqual([['[', 'The brackets are nested too deeply.']]);
    expect(mistakes(' '.repeat(1_000_001))[0]?.[1]).toContain('too large');
  });

  it('ends where the text does when a comment has no end', () => {
    const text = '{ /* steps';
    expect(readScenario(text).errors.map(({ start, end }) => [start, end])).toEqual([
      [2, text.length],
      [text.length, text.length],
    ]);
  });

  it('never throws, and finds a place in the text for each error', () => {
    const good = scenarioText([
      { start: 'reader' },
      { load: 'lp' },
      { wait: 'transition' },
      { expect: { log: ['x'] } },
    ]);
    const edited = fc
      .tuple(fc.nat(good.length), fc.nat(12), fc.string({ maxLength: 6 }))
      .map(([at, cut, text]) => good.slice(0, at) + text + good.slice(at + cut));
    const json = fc.json().map((text) => text);
    fc.assert(
      fc.property(fc.oneof(edited, json, fc.string()), (text) => {
        const { scenario, errors } = readScenario(text);
        expect(scenario === null).toBe(errors.length > 0);
        for (const { start, end } of errors) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThanOrEqual(start);
          expect(end).toBeLessThanOrEqual(Math.max(1, text.length));
        }
      }),
      { numRuns: 500 },
    );
  });
});
