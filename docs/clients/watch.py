"""Prints every task event, exactly once, across restarts of the server."""
import asyncio, json, os, sys
import websockets  # pip install websockets

URL = os.environ.get("TASKCTL_WEBSOCKET_URL", "ws://localhost:8765/")

async def main(position):
    while True:
        query = f"?since={position}" if position else ""
        try:
            async with websockets.connect(URL + query, max_size=None) as socket:
                async for text in socket:
                    message = json.loads(text)
                    if message["type"] == "connected":
                        epoch = message["epoch"]
                    elif message["type"] == "reset":  # read GET /tasks, then go on
                        print("missed something:", message["reason"], file=sys.stderr)
                    elif message["type"] != "heartbeat":
                        print(message["seq"], message["type"], message["task"]["title"], flush=True)
                    position = f"{epoch}:{message['seq']}"
        except (OSError, websockets.WebSocketException):
            pass
        await asyncio.sleep(1)

asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
