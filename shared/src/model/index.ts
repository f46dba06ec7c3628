export * from './livepatch-module.ts';
export * from './patch-image.ts';
export * from './value.ts';
