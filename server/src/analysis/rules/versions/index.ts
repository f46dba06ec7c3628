export { rule as apiTooNew } from './api-too-new.ts';
export { rule as kallsymsLookupNameUsed } from './kallsyms-lookup-name-used.ts';
export { rule as removedApi } from './removed-api.ts';
export { rule as removedField } from './removed-field.ts';
export { rule as rfcOnlyField } from './rfc-only-field.ts';
export { rule as versionFieldUnsupported } from './version-field-unsupported.ts';
