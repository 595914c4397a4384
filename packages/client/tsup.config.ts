import { defineConfig } from 'tsup'
import { base, node } from '../../tsup.base.js'
import { leanEventEmitter, mangleProps } from './bundle.mjs'

// Handles are disposable. A page whose `lib` knows no `AsyncDisposable` yet must still compile.
const disposable = { dts: { ...base.dts, banner: '/// <reference lib="esnext.disposable" />' } }

export default defineConfig([
  { ...node, ...disposable, entry: ['src/index.ts'] },
  // For pages as well: they need nothing of Node.
  {
    ...base,
    ...disposable,
    format: ['esm', 'cjs'],
    target: 'es2022',
    platform: 'neutral',
    entry: { state: 'src/state.ts', testing: 'src/testing/index.ts' },
  },
  {
    ...base,
    ...disposable,
    entry: ['src/browser.ts'],
    format: ['esm'],
    target: 'es2022',
    platform: 'browser',
    noExternal: ['eventemitter3', '@org/realtime-protocol'],
    esbuildPlugins: [leanEventEmitter],
    esbuildOptions: (options) => {
      options.conditions = ['@org/source', 'browser']
      options.mangleProps = mangleProps
      // Puts constants in the place of their names. Later bundlers cannot: they see one module.
      options.minifySyntax = true
    },
  },
  {
    // One file for a script tag: `<script src="…/realtime-client.global.js">`, then `new Realtime.RealtimeClient(…)`.
    entry: { 'realtime-client': 'src/browser.ts' },
    tsconfig: 'tsconfig.build.json',
    format: ['iife'],
    globalName: 'Realtime',
    target: 'es2020',
    platform: 'browser',
    noExternal: [/.*/],
    esbuildPlugins: [leanEventEmitter],
    esbuildOptions: (options) => {
      options.conditions = ['@org/source', 'browser']
      options.mangleProps = mangleProps
    },
    minify: true,
    sourcemap: true,
  },
])
