export { rule as missingModuleLicense } from './missing-module-license.ts';
