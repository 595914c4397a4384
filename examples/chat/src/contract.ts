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
        // And which server stored it, where there are several.
        node: z.string().optional(),
      }),
    },
    // Which servers there are, for the demo of several.
    cluster: { message: z.object({ nodes: z.array(z.object({ name: z.string(), isUp: z.boolean() })) }) },
  },
  methods: {
    'cluster.here': { input: z.undefined(), output: z.object({ node: z.string() }) },
    'cluster.kill': { input: z.object({ node: z.string() }), output: z.undefined() },
  },
})
