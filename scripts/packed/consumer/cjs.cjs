const { RealtimeClient } = require('@org/realtime-client')
const { RealtimeServer } = require('@org/realtime-server')
const { followState } = require('@org/realtime-client/state')
const clientKit = require('@org/realtime-client/testing')
const serverKit = require('@org/realtime-server/testing')
const { flow } = require('./flow.cjs')
const { tested } = require('./tested.cjs')

if (typeof followState !== 'function') throw new Error('the client does not export followState')

const all = flow({ RealtimeServer, RealtimeClient }).then(() =>
  tested({ RealtimeServer, RealtimeClient, clientKit, serverKit }),
)
all.then(
  () => process.exit(0),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)
