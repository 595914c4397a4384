import js from '@eslint/js'
import globals from 'globals'
import tseslint from 'typescript-eslint'
import floors from './scripts/eslint/floors.mjs'

/** Floors 0 to 2: no I/O, no clock, no chance. Those three come in through ports. */
const pure = [
  'packages/protocol/src/**/*.ts',
  'packages/server/src/{ports,core}/**/*.ts',
  'packages/client/src/{ports,core}/**/*.ts',
]

const impure = {
  Date: 'Time comes in as an argument or through the Clock port.',
  performance: 'Time comes in as an argument or through the Clock port.',
  setTimeout: 'Timers come in through the Clock port.',
  clearTimeout: 'Timers come in through the Clock port.',
  setInterval: 'Timers come in through the Clock port.',
  clearInterval: 'Timers come in through the Clock port.',
  setImmediate: 'Scheduling comes in through a port.',
  queueMicrotask: 'Scheduling comes in through a port.',
  crypto: 'Chance comes in through the Random port.',
  process: "The process is none of the pure floors' business.",
  globalThis: 'Globals are I/O in disguise.',
}

export default tseslint.config(
  { ignores: ['**/dist/', '**/.tsc/', 'docs/reference/', '**/vectors/', '**/*.d.mts', '**/*.d.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.mjs', '**/*.js'],
    extends: [js.configs.recommended],
    languageOptions: { globals: globals.node },
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [js.configs.recommended, tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { floors },
    rules: {
      'floors/downward': 'error',
      'no-undef': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-expressions': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Every case, or a `default` that says on purpose what the others do.
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A port that answers with a promise may have a body that needs no await; `async` still turns its throws into rejections.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['packages/*/src/**/*.{ts,tsx}'],
    rules: {
      'no-console': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': true }],
    },
  },
  {
    files: pure,
    // A kit for tests is on top of everything: it may ask for a turn of the loop.
    ignores: ['packages/protocol/src/testing/**'],
    rules: {
      'no-restricted-globals': ['error', ...Object.entries(impure).map(([name, message]) => ({ name, message }))],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Chance comes in through the Random port.' },
        { object: 'AbortSignal', property: 'timeout', message: 'Timers come in through the Clock port.' },
      ],
    },
  },
  {
    files: ['**/test/**/*.{ts,tsx}'],
    rules: {
      // `expect(port.method)` names a method without calling it.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['*.config.ts', 'tsup.base.ts', '{packages,examples}/*/*.config.ts'],
    languageOptions: { parserOptions: { projectService: false, project: './tsconfig.tools.json' } },
  },
)
