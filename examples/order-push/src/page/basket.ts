/** What somebody is about to order from one shop. It survives a reload, and so does the key of an order on its way. */
export class Basket {
  private readonly place: string
  private counts: Record<string, number>
  /** Sent with every attempt, so that two attempts are one order. */
  key: string

  constructor(readonly shop: string) {
    this.place = `basket-${shop}`
    const kept = read(localStorage.getItem(this.place))
    this.counts = kept?.counts ?? {}
    this.key = kept?.key ?? crypto.randomUUID()
  }

  count(dish: string): number {
    return this.counts[dish] ?? 0
  }

  /** Adds or takes away; a dish is there 20 times at most. */
  add(dish: string, difference: number): void {
    this.counts[dish] = Math.min(20, Math.max(0, this.count(dish) + difference))
    this.keep()
  }

  /** What is in it, of what the shop sells. */
  lines<Dish extends { readonly id: string }>(menu: readonly Dish[]): Array<Dish & { dish: string; count: number }> {
    return menu
      .map((dish) => ({ ...dish, dish: dish.id, count: this.count(dish.id) }))
      .filter(({ count }) => count > 0)
      .slice(0, 20)
  }

  /** The next order is another one. */
  renew(): void {
    this.key = crypto.randomUUID()
    this.keep()
  }

  empty(): void {
    this.counts = {}
    this.renew()
  }

  private keep(): void {
    localStorage.setItem(this.place, JSON.stringify({ counts: this.counts, key: this.key }))
  }
}

function read(text: string | null): { counts: Record<string, number>; key: string } | undefined {
  try {
    return JSON.parse(text ?? '') as { counts: Record<string, number>; key: string }
  } catch {
    return undefined
  }
}
