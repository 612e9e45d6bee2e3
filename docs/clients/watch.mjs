// Prints every task event, exactly once, across restarts of the server.
// In a browser, and in Node 22 or later, WebSocket is there already.
const Socket = globalThis.WebSocket ?? (await import('ws')).default // npm install ws
const url = process.env.TASKCTL_WEBSOCKET_URL ?? 'ws://localhost:8765/'
let [position] = process.argv.slice(2)
let epoch

function connect() {
  const socket = new Socket(position ? `${url}?since=${position}` : url)
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data)
    if (message.type === 'connected') epoch = message.epoch
    else if (message.type === 'reset') console.error('missed something:', message.reason) // read GET /tasks
    else if (message.type !== 'heartbeat') console.log(message.seq, message.type, message.task.title)
    position = `${epoch}:${message.seq}`
  }
  socket.onerror = () => {} // onclose follows
  socket.onclose = () => setTimeout(connect, 1000)
}
connect()
