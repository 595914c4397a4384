/** What the platform knows about the network and about having slept. */
export interface Network {
  /** False only when the platform is sure that there is no network. */
  readonly online: boolean
  /**
   * Listens until the returned function is called. `wake` means that time may have passed unseen: the page is visible
   * again, came back from the back-forward cache, or was thawed. `sleep` means that the page is frozen or left.
   * Whether it comes back is not known.
   */
  watch(listener: (event: NetworkEvent) => void): () => void
}

/** What can happen to the network. */
export type NetworkEvent = 'online' | 'offline' | 'sleep' | 'wake'
