/** What the tables are made from. */
export type Protocol = Pick<typeof import('@org/realtime-protocol'), 'CLOSE_CODES' | 'DEFAULT_LIMITS' | 'ERROR_CODES'>
export const PAGES: readonly string[]
export const OPEN: string
export const tableNames: readonly string[]
export function tablesIn(page: string): string[]
export function withTables(page: string, protocol: Protocol): string
