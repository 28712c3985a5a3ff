"""post.py URL KIND KEY < rows.ndjson: one request of NDJSON; says what was answered."""

import sys
import urllib.request

url, kind, key = sys.argv[1:4]
headers = {"Content-Type": "application/x-ndjson", "X-API-Key": key}
request = urllib.request.Request(f"{url}/v1/{kind}", sys.stdin.buffer.read(), headers)
with urllib.request.urlopen(request, timeout=120) as answer:
    print(answer.read().decode())
