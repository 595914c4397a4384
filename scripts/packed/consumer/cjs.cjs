const { RealtimeClient } = require('@org/realtime-client')
const { RealtimeServer } = require('@org/realtime-server')
const { flow } = require('./flow.cjs')

flow({ RealtimeServer, RealtimeClient }).then(
  () => process.exit(0),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)
