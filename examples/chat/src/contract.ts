import { contract } from '@org/realtime-protocol'
import { z } from 'zod'

/** What the server and the page agree on. The page imports only the type of it, so zod stays out of its bundle. */
export const chat = contract({
  channels: {
    'room:{room}': {
      message: z.object({
        text: z.string().trim().min(1, 'Write something first.').max(2000, 'A message has at most 2,000 characters.'),
        // The server writes the name. Whatever a client puts here is overwritten.
        name: z.string().default(''),
      }),
    },
  },
})
