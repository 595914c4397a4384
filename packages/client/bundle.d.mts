import type { Plugin } from 'esbuild'

export declare const INTERNAL_NAMES: readonly string[]
export declare const mangleProps: RegExp
export declare const EMITTER_METHODS: readonly string[]
export declare const leanEventEmitter: Plugin
export declare function lean(source: string): string
