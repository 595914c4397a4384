import { isBackendFull, type BackendFullError, type Broker } from '../ports/index.js'

/** A broker that tells when it refused a publish because it holds as much as it may. */
export function watchFull(broker: Broker, tell: (error: BackendFullError) => void): Broker {
  return {
    ...broker,
    publish: async (request) => {
      try {
        return await broker.publish(request)
      } catch (error) {
        if (isBackendFull(error)) tell(error)
        throw error
      }
    },
  }
}
