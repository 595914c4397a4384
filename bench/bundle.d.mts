export function bundle(of: 'built' | 'sources'): Promise<string>
