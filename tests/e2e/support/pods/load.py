"""load.py URL KEY RATE PREFIX: one document after the other at RATE a second until standard input closes.

What is not acknowledged is sent again under the same id. Says how many there were, the acknowledged ids, and each
answer that was not 202 with its count.
"""

import collections
import json
import select
import sys
import time
import urllib.error
import urllib.request

url, key, rate, prefix = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]
acknowledged, others, longest = [], collections.Counter(), 0.0


def post(identity):
    body = json.dumps({"documentId": identity, "text": f"Service number {identity} is slow today", "source": "load"})
    headers = {"Content-Type": "application/json", "X-API-Key": key}
    request = urllib.request.Request(f"{url}/v1/documents", body.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return type(error).__name__


def ended():
    return bool(select.select([sys.stdin], [], [], 0)[0])


print("started", flush=True)
begin, number = time.monotonic(), 0
while not ended():
    identity = f"{prefix}-{number}"
    first = time.monotonic()
    while (status := post(identity)) != 202:
        others[str(status)] += 1
        time.sleep(0.2)
    longest = max(longest, time.monotonic() - first)
    acknowledged.append(identity)
    number += 1
    time.sleep(max(0.0, begin + number / rate - time.monotonic()))
    begin = max(begin, time.monotonic() - (number + rate * 5) / rate)  # after an outage, no more than 5 s to make up
print(json.dumps({"acknowledged": acknowledged, "others": others, "longest": longest}))
