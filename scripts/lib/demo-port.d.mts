/** The port that `PORT` asks for, or else the first free one from `first` (3000) on. Rejects with what to do. */
export function demoPort(env?: { readonly PORT?: string; readonly HOST?: string }, first?: number): Promise<number>
