import type { Shop, ShopInfo } from '../contract.js'
import type { Database } from '../database/database.js'
import { announce } from './announce.js'
import { Refusal } from './refusal.js'

const SHOWN = ['id', 'name', 'tagline', 'open', 'version'] as const

/** All shops, by name. */
export function listShops(db: Database): Promise<Shop[]> {
  return db.selectFrom('shops').select(SHOWN).orderBy('name').execute()
}

/** A shop with its menu. @throws Refusal `NOT_FOUND`. */
export async function getShopInfo(db: Database, id: string): Promise<ShopInfo> {
  const shop = await getShop(db, id)
  const menu = await db
    .selectFrom('dishes')
    .select(['id', 'name', 'description', 'price_cents as priceCents'])
    .where('shop', '=', id)
    .orderBy('position')
    .execute()
  return { ...shop, menu }
}

/** Opens or closes a shop, and tells everybody if that is a change. */
export function openShop(db: Database, id: string, open: boolean): Promise<Shop> {
  return db.transaction().execute(async (change) => {
    const shop = await change
      .updateTable('shops')
      .set((each) => ({ open, version: each('version', '+', 1) }))
      .where('id', '=', id)
      .where('open', '<>', open)
      .returning(SHOWN)
      .executeTakeFirst()
    if (shop) await announce(change, 'shops', `${id}.${shop.version}`, shop)
    return shop ?? (await getShop(change, id))
  })
}

/** A shop. @throws Refusal `NOT_FOUND`. */
export async function getShop(db: Database, id: string): Promise<Shop> {
  const shop = await db.selectFrom('shops').select(SHOWN).where('id', '=', id).executeTakeFirst()
  if (!shop) throw new Refusal('NOT_FOUND', 'There is no such shop.')
  return shop
}
