import { RealtimeClient } from '@org/realtime-client'
import type { chat } from '../contract.js'
import { Banner } from './banner.js'
import { Cluster } from './cluster.js'
import { byId } from './dom.js'
import { Room, type Client } from './room.js'

const naming = byId<HTMLDialogElement>('naming')
const nameField = byId<HTMLInputElement>('name')
const textField = byId<HTMLTextAreaElement>('text')

const banner = new Banner()
const cluster = new Cluster()
const rooms = new Map(['lobby', 'coffee', 'help'].map((name) => [name, new Room(name, banner)]))
let current: Room | undefined
let client: Client | undefined
let name = localStorage.getItem('name') ?? ''

/** One client serves all rooms. The name belongs to it, so another name is another client that goes on where it was. */
function begin(): void {
  const old = client
  client = new RealtimeClient<typeof chat>(`${location.origin.replace('http', 'ws')}/realtime`, {
    data: { name },
    // As long as the server surely knows a message that was sent twice: it remembers for 5 minutes.
    outbox: { ageMs: 240_000 },
  })
  client.on('outbox', ({ id, state }) => {
    if (state === 'sent') for (const room of rooms.values()) room.progress(id, state)
  })
  banner.watch(client)
  cluster.watch(client)
  for (const room of rooms.values()) room.move(client)
  void old?.close()
  byId('me').textContent = name ? `${name} · change name` : 'Choose a name'
  enter(client)
}

/** Goes to the room that the address names: any text after `#`, made fit for a channel name. */
function enter(client: Client): void {
  const asked = new URLSearchParams(`room=${location.hash.slice(1)}`).get('room') ?? ''
  const name = /[\p{L}\p{N}-]{1,40}/u.exec(asked.toLowerCase())?.[0] ?? 'lobby'
  const room = rooms.get(name) ?? new Room(name, banner)
  rooms.set(name, room)
  current?.leave()
  current = room
  room.enter(client)
  byId('title').textContent = document.title = `# ${name}`
  // On a phone this would bring up the keyboard.
  if (matchMedia('(pointer: fine)').matches) textField.focus()
}

function send(): void {
  const text = textField.value.trim()
  if (text) current?.write(text, name)
  textField.value = ''
}

function askName(): void {
  nameField.value = name
  byId('look').textContent = name ? 'Cancel' : 'Just look around'
  byId('join').textContent = name ? 'Save' : 'Join'
  naming.showModal()
}

byId('composer').onsubmit = (event) => {
  event.preventDefault()
  send()
}
textField.onkeydown = (event) => {
  // While an input method composes a word, Enter accepts the word.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  send()
}
byId('stage').onkeydown = (event) => {
  if (event.key === 'Escape') textField.focus()
}
byId('me').onclick = askName
byId('look').onclick = () => naming.close()
byId('naming-form').onsubmit = () => {
  const given = nameField.value.trim()
  if (client && given === name) return
  name = given
  localStorage.setItem('name', name)
  begin()
}
naming.onclose = () => {
  if (!client) begin()
  textField.focus()
}
addEventListener('hashchange', () => client && enter(client))

if (name) begin()
else askName()
