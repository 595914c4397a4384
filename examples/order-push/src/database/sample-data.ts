import type { Kysely } from 'kysely'
import { hashOf } from '../who.js'
import type { Schema } from './schema.js'

const SHOPS = [
  {
    id: 'pizzeria',
    name: 'Pizzeria Aurora',
    tagline: 'Wood-fired, thin, quick',
    dishes: [
      ['margherita', 'Margherita', 'Tomato, mozzarella, basil', 950],
      ['marinara', 'Marinara', 'Tomato, garlic, oregano', 850],
      ['diavola', 'Diavola', 'Tomato, mozzarella, spicy salami', 1150],
      ['quattro', 'Quattro formaggi', 'Four cheeses, no tomato', 1250],
      ['tiramisu', 'Tiramisù', 'Made this morning', 550],
    ],
  },
  {
    id: 'noodles',
    name: 'Noodle House',
    tagline: 'Soups and woks from six provinces',
    dishes: [
      ['dandan', 'Dan dan noodles', 'Sesame, chilli oil, minced pork', 1080],
      ['beef-soup', 'Beef noodle soup', 'Eight hours of broth', 1290],
      ['mapo', 'Mapo tofu', 'Sichuan pepper, rice', 1120],
      ['greens', 'Stir-fried greens', 'With garlic', 680],
      ['jasmine', 'Jasmine tea', 'A pot', 420],
    ],
  },
  {
    id: 'bakery',
    name: 'Corner Bakery',
    tagline: 'Bread, cakes, good coffee',
    dishes: [
      ['sourdough', 'Sourdough loaf', '1 kg, dark crust', 640],
      ['croissant', 'Croissant', 'All butter', 260],
      ['carrot-cake', 'Carrot cake', 'A slice', 450],
      ['sandwich', 'Cheese sandwich', 'Gruyère, pickles, mustard', 720],
      ['flat-white', 'Flat white', 'Double shot', 390],
    ],
  },
] as const

/** Token with which the pages of a sample shop sign in. Everybody knows it: this is a demo. */
export const demoToken = (shop: string): string => `${shop}-demo`

/** Adds the sample shops that are not there yet, and touches nothing else. */
export async function addSampleData(db: Kysely<Schema>): Promise<void> {
  const shops = SHOPS.map(({ id, name, tagline }) => ({ id, name, tagline, token_hash: hashOf(demoToken(id)) }))
  const dishes = SHOPS.flatMap(({ id: shop, dishes }) =>
    dishes.map(([id, name, description, price_cents], position) => ({
      shop,
      id,
      name,
      description,
      price_cents,
      position,
    })),
  )
  await db.transaction().execute(async (change) => {
    const skip = (conflict: { doNothing(): unknown }) => conflict.doNothing() as never
    await change.insertInto('shops').values(shops).onConflict(skip).execute()
    await change.insertInto('dishes').values(dishes).onConflict(skip).execute()
  })
}
