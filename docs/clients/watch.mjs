// Prints every task event, exactly once, across restarts of the server.
// Usage: node watch.mjs [EPOCH:SEQ]. A token is taken from TASKCTL_AUTH_TOKEN.
// WebSocket is built into browsers, and into Node.js from version 22 on.
const Socket = globalThis.WebSocket ?? (await import('ws')).default // npm install ws
const url = new URL(process.env.TASKCTL_WEBSOCKET_URL ?? 'ws://localhost:8765/')
const token = process.env.TASKCTL_AUTH_TOKEN
let position = process.argv[2]
let epoch

if (position && !/^(\w+:)?\d{1,15}$/.test(position)) fail(`not a position, which is EPOCH:SEQ or SEQ: ${position}`)

// This WebSocket cannot send a header, so the token is a subprotocol.
const protocols = token ? ['taskctl.v1', 'bearer.' + Buffer.from(token).toString('base64url')] : []

function connect() {
  if (position) url.searchParams.set('since', position)
  const socket = new Socket(url, protocols)
  let opened = false
  let ended = false
  socket.onopen = () => { opened = true }
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data)
    if (message.type === 'connected') epoch = message.epoch
    else if (message.type === 'reset') console.error('missed something:', message.reason) // read GET /tasks
    else if (message.type !== 'heartbeat') console.log(message.seq, message.type, message.task.title)
    position = `${epoch}:${message.seq}`
  }
  socket.onerror = socket.onclose = async () => { // one or both
    if (ended) return
    ended = true
    if (!opened) await checkRefusal()
    setTimeout(connect, 1000)
  }
}

// WebSocket does not tell why it was refused; a request to the same address does.
async function checkRefusal() {
  const address = new URL(url.href.replace(/^ws/, 'http'))
  const headers = token ? { authorization: `Bearer ${token}` } : {}
  const answer = await fetch(address, { headers }).catch(() => undefined) // undefined: the server is away
  if ([400, 401, 403, 404].includes(answer?.status)) fail((await answer.json().catch(() => ({}))).detail ?? `HTTP ${answer.status}`)
}

function fail(text) {
  console.error(text)
  process.exit(1)
}

connect()
