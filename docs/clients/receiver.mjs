import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'

const webhook = new Webhook(process.env.WEBHOOK_SECRET)
const done = new Set() // in a real receiver: in the database, with what the event changes

createServer(async (request, response) => {
  request.setEncoding('utf8')
  let body = ''
  for await (const chunk of request) body += chunk
  try {
    webhook.verify(body, request.headers) // throws: a wrong signature, or older than five minutes
  } catch (error) {
    response.writeHead(401).end(error.message)
    return
  }
  const id = request.headers['webhook-id']
  if (!done.has(id)) {
    const event = JSON.parse(body)
    console.log(event.seq, event.type, event.task.title)
    done.add(id)
  }
  response.writeHead(204).end()
}).listen(process.env.PORT ?? 3000, function () {
  console.error('listening on port', this.address().port)
})
