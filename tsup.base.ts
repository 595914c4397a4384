import type { Options } from 'tsup'

/** What every published build shares. Declarations need their own options, because TypeScript 6 and composite projects do. */
export const base = {
  tsconfig: 'tsconfig.build.json',
  dts: { compilerOptions: { ignoreDeprecations: '6.0', composite: false } },
  sourcemap: true,
  splitting: false,
} satisfies Options

/** ESM and CJS for Node. */
export const node = { ...base, format: ['esm', 'cjs'], target: 'node20', platform: 'node' } satisfies Options
