export { rule as funcInWrongObject } from './func-in-wrong-object.ts';
export { rule as notTraceableTarget } from './not-traceable-target.ts';
export { rule as oldNameAmbiguous } from './old-name-ambiguous.ts';
export { rule as oldNameNotFound } from './old-name-not-found.ts';
export { rule as symposCountsData } from './sympos-counts-data.ts';
export { rule as symposOnUnique } from './sympos-on-unique.ts';
export { rule as symposOutOfRange } from './sympos-out-of-range.ts';
export { rule as variableAsTarget } from './variable-as-target.ts';
