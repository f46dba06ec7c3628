export { rule as prevStateOutsideTransition } from './prev-state-outside-transition.ts';
export { rule as stateDuplicateId } from './state-duplicate-id.ts';
export { rule as stateIdZero } from './state-id-zero.ts';
export { rule as stateWithoutCallbacks } from './state-without-callbacks.ts';
