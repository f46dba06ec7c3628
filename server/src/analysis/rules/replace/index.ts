export { rule as callbackNeededUnderReplace } from './callback-needed-under-replace.ts';
