"""Has Jaeger's client for Python send spans to an agent on a port of 127.0.0.1.

Writes for each span, in the order in which they end, what an agent has to print of it, as JSON.
"""

import argparse
import json
import logging
import time

from jaeger_client import Config

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--long-ids", action="store_true", help="trace ids of 128 bits")
parser.add_argument("--spans", type=int, default=0, help="how many more, all small")
ARGS = parser.parse_args()

logging.basicConfig()
CONFIG = Config(
    config={
        "sampler": {"type": "const", "param": 1},
        "local_agent": {"reporting_host": "127.0.0.1", "reporting_port": ARGS.port},
        "generate_128bit_trace_id": ARGS.long_ids,
        "reporter_flush_interval": 0.1,
    },
    service_name="seapink tests ☂",
    validate=True,
)
TRACER = CONFIG.new_tracer()
TAGS = {
    "text": 'two "words" and\na line ☂',
    "number": -9_007_199_254_740_993,
    "share": 0.25,
    "flag": True,
}


def told(span, parent, **tags):
    digits = 32 if span.trace_id >= 1 << 64 else 16
    print(
        json.dumps(
            {
                "trace": f"{span.trace_id:0{digits}x}",
                "span": f"{span.span_id:016x}",
                "parent": f"{parent.span_id:016x}" if parent else "-",
                "operation": span.operation_name,
                "tags": tags,
            }
        )
    )


root = TRACER.start_span("the whole of it")
child = TRACER.start_span("a part", child_of=root, tags=TAGS)
child.log_kv({"event": "half of it", "count": 2})
time.sleep(0.005)
child.finish()
told(child, root, **TAGS)
root.set_tag("last", "yes")
root.finish()
told(root, None, last="yes")
for number in range(ARGS.spans):
    span = TRACER.start_span(f"one of many {number}", child_of=root)
    span.finish()
    told(span, root)
# Done when the reporter has sent everything.
closed = TRACER.close()
deadline = time.monotonic() + 20
while not closed.done():
    if time.monotonic() > deadline:
        raise TimeoutError("the reporter does not come to its end")
    time.sleep(0.01)
closed.result()
