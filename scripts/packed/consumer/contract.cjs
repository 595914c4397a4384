const { contract } = require('@org/realtime-protocol')
const { z } = require('zod')

exports.app = contract({ channels: { 'room:{roomId}': { message: z.object({ text: z.string() }) } } })
