export type MessageState = 'queued' | 'sent' | 'stored' | 'failed'

const STATES: Record<MessageState, string> = { queued: 'Queued', sent: 'Sending …', stored: 'Sent', failed: 'Not sent' }

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T
}

export function part(parent: HTMLElement, selector: string): HTMLElement {
  return parent.querySelector(selector) as HTMLElement
}

export function copyOf(template: string): HTMLElement {
  return byId<HTMLTemplateElement>(template).content.firstElementChild?.cloneNode(true) as HTMLElement
}

/** What a message shows. */
export interface Words {
  readonly name: string
  readonly text: string
  readonly at: number
  /** The server that stored it, where there are several. */
  readonly node?: string | undefined
}

/** Fills in a message. Everything that somebody wrote goes through `textContent`, so it stays text. */
export function fill(item: HTMLElement, { name, text, at, node = '' }: Words): void {
  const badge = part(item, '.node')
  badge.textContent = node
  badge.title = `Stored by server ${node}`
  badge.hidden = !node
  const time = part(item, 'time') as HTMLTimeElement
  part(item, '.name').textContent = name || 'No name'
  part(item, '.text').textContent = text
  time.textContent = clock.format(at)
  time.dateTime = new Date(at).toISOString()
}

/** Shows how far a message got. */
export function show(item: HTMLElement, state: MessageState, why = ''): void {
  item.dataset['state'] = state
  part(item, '.state').textContent = STATES[state]
  part(item, '.why').textContent = why
  part(item, '.failure').hidden = state !== 'failed'
}
