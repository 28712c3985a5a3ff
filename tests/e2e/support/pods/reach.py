"""reach.py HOST PORT: whether a connection is taken within three seconds."""

import json
import socket
import sys

try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3):
        print(json.dumps({"open": True}))
except (TimeoutError, ConnectionRefusedError) as error:
    print(json.dumps({"open": False, "why": repr(error)}))
