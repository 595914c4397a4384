/** What a map has under a key; when there is nothing yet, what is made for it, which it keeps from now on. */
export function upsert<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (!value) map.set(key, (value = make()))
  return value
}
