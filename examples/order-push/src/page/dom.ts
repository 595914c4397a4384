export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T
}

export function part<T extends HTMLElement = HTMLElement>(parent: HTMLElement, selector: string): T {
  return parent.querySelector(selector) as T
}

export function copyOf(template: string): HTMLElement {
  return byId<HTMLTemplateElement>(template).content.firstElementChild?.cloneNode(true) as HTMLElement
}

/** Writes text, as text, and only when it changes: a screen reader would read it again. */
export function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/**
 * Makes a list show these items, in this order. An element stays the same for its item as long as it is shown, and whoever
 * had the focus keeps it.
 */
export function show<T>(
  list: HTMLElement,
  items: readonly T[],
  {
    key,
    make,
    draw,
  }: { key: (item: T) => string; make: (item: T) => HTMLElement; draw: (element: HTMLElement, item: T) => void },
): void {
  const focused = document.activeElement
  const old = new Map([...list.children].map((child) => [(child as HTMLElement).dataset['key'], child as HTMLElement]))
  let next = list.firstElementChild
  for (const item of items) {
    const name = key(item)
    const element = old.get(name) ?? make(item)
    old.delete(name)
    element.dataset['key'] = name
    draw(element, item)
    if (element === next) next = next.nextElementSibling
    else list.insertBefore(element, next)
  }
  for (const element of old.values()) element.remove()
  if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) focused.focus()
}
