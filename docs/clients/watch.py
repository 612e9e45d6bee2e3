"""Prints every task event, exactly once, across restarts of the server.

Usage: python3 watch.py [EPOCH:SEQ]. A token is taken from TASKCTL_AUTH_TOKEN.
"""
import asyncio, json, os, sys
import websockets  # pip install websockets

URL = os.environ.get("TASKCTL_WEBSOCKET_URL", "ws://localhost:8765/")
TOKEN = os.environ.get("TASKCTL_AUTH_TOKEN")
REFUSED = {400: "the position must be EPOCH:SEQ or SEQ", 401: "the token is missing or wrong; set TASKCTL_AUTH_TOKEN"}

options = {"max_size": None}
if TOKEN:  # the name of the option depends on the version of the library
    old = int(websockets.__version__.split(".")[0]) < 14
    options["extra_headers" if old else "additional_headers"] = {"Authorization": "Bearer " + TOKEN}

async def main(position):
    while True:
        query = f"?since={position}" if position else ""
        try:
            async with websockets.connect(URL + query, **options) as socket:
                async for text in socket:
                    message = json.loads(text)
                    if message["type"] == "connected":
                        epoch = message["epoch"]
                    elif message["type"] == "reset":  # read GET /tasks, then go on
                        print("missed something:", message["reason"], file=sys.stderr)
                    elif message["type"] != "heartbeat":
                        print(message["seq"], message["type"], message["task"]["title"], flush=True)
                    position = f"{epoch}:{message['seq']}"
        except websockets.InvalidHandshake as refused:
            response = getattr(refused, "response", refused)
            status = getattr(response, "status_code", 0)
            if status in (400, 401, 403, 404):
                sys.exit(REFUSED.get(status, f"the server refuses with HTTP {status}"))
        except (OSError, websockets.WebSocketException):
            pass
        await asyncio.sleep(1)

asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
