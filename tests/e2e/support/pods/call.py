"""call.py METHOD URL KEY < body.json: an HTTP call; says the answer."""

import json
import sys
import urllib.request

method, url, key = sys.argv[1:4]
body = sys.stdin.buffer.read() if method != "GET" else None
request = urllib.request.Request(url, body, {"Content-Type": "application/json", "X-API-Key": key}, method=method)
with urllib.request.urlopen(request, timeout=60) as answer:
    print(json.dumps(json.load(answer)))
