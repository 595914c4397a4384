/** What a plan is made from. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly env: NodeJS.ProcessEnv
  readonly isExecutable: (path: string) => boolean
  readonly isDebian: boolean
  /** What a command begins with to be run as root; absent when this user may not. */
  readonly asRoot: readonly string[] | undefined
  /** Path of Homebrew, where it is. */
  readonly brew: string | undefined
}
export interface Plan {
  readonly path?: string
  readonly commands?: ReadonlyArray<readonly string[]>
  readonly advice?: string
}
