/** Into how many parts the names are divided. Part of the layout: it can never change where there is data. */
export const PARTITIONS = 128

const SLOTS = 16_384

// prettier-ignore
const TAGS = (
  '1bz 53t nbd j3j 8yc if5 o4m kec dlj 574 3el 74b mws akm 23e 6bk 5nw 96a bgq frw pt6 mj8 c1x oin 5j7 d1i 7ia 38o 4x6 ' +
  'mnx c58 xw 17p he6 n7n box 8ha 40w oag c9q 130 hav 30f 7ah eoi 447 4v 67a h85 1js bvs fcu 4mt 85b cdr m5 qsu 1n3 ' +
  '7xc 3me 4i4 e2j 6jb iu fjl 712 1cj 52d 265 cmk 8xs 4dm ng4 75r 9n2 h5l 22u 7av m2k ice 7l1 3y7 5og 1za c0h 2k6 49n ' +
  '8ax 7hq wu7 hho 931 6zp yg asv 8e8 356 7d8 1rh 5gn gio 621 8iq 41g 31v jc0 d8p qkn 5f 66q 8m1 i6o b3k 3h5 aqu 1kc ' +
  '6o2 2z4 4ld 84r 7ys 3lu hym des 6kr he abt 802'
).split(' ')

/** The hash tag of a partition. Their slots lie within 1 of `partition · 128`, so that masters get equal shares. */
export function tagOf(partition: number): string {
  const tag = TAGS[partition]
  if (tag === undefined) throw new RangeError(`there is no partition ${partition}`)
  return tag
}

/** The partition of a name. */
export function partitionOf(name: string): number {
  return crc16(name) % PARTITIONS
}

/** The slot of a partition in a Cluster. */
export function slotOf(partition: number): number {
  return crc16(tagOf(partition)) % SLOTS
}

/** The partition of a key or topic of ours, read from its tag. */
export function partitionOfKey(key: string): number {
  const begin = key.indexOf('{')
  const partition = PARTITION_OF_TAG.get(key.slice(begin + 1, key.indexOf('}', begin)))
  if (partition === undefined) throw new TypeError(`"${key}" carries no tag of a partition`)
  return partition
}

const PARTITION_OF_TAG = new Map(TAGS.map((tag, partition) => [tag, partition]))

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc & 0xffff
})

const utf8 = new TextEncoder()

/** CRC-16/XMODEM of a text's UTF-8, by which a Cluster finds the slot of a tag. */
export function crc16(text: string): number {
  let crc = 0
  for (const byte of utf8.encode(text)) crc = ((crc << 8) ^ (TABLE[((crc >> 8) ^ byte) & 0xff] ?? 0)) & 0xffff
  return crc
}
