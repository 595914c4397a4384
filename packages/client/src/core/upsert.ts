/** What a map has under a key; when there is nothing yet, what is given, which it keeps from now on. */
export function upsert<K, V>(map: Map<K, V>, key: K, fresh: V): V {
  const found = map.get(key) ?? fresh
  map.set(key, found)
  return found
}
