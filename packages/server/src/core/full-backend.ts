import { isBackendFull, type BackendFullError } from '../ports/index.js'

/** A port that tells when it refused something because its backend holds as much as it may. */
export function watchFull<T extends object>(port: T, tell: (error: BackendFullError) => void): T {
  return new Proxy(port, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(method, target, args)
        if (result instanceof Promise) {
          result.catch((error: unknown) => {
            if (isBackendFull(error)) tell(error)
          })
        }
        return result
      }
    },
  })
}
