"""One JSON line in, one out: what every peer of the benchmark speaks. See worker.ts."""
import json
import os
import resource
import sys
import time

CASES = {
    "dense": dict(sizes=[784, 100, 100, 100, 10], batch=60),
    "wide": dict(sizes=[784, 1024, 1024, 1024, 10], batch=256),
    "conv": dict(channels=[1, 32, 32, 64, 64], batch=64),
}
# with BNLAB_BENCH_PICTURES, as many pictures of bytes, as MNIST is held; otherwise numbers
PICTURES = int(os.environ.get("BNLAB_BENCH_PICTURES", "0"))
EXAMPLES = PICTURES or 4096


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def serve(hello, variants):
    """Answers requests; `variants[name](case_name, case)` gives a function that runs n steps and waits for them."""
    say({"hello": hello})
    built = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("task") == "memory":
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            say({"id": request["id"], "peak": most / (2**20 if sys.platform == "darwin" else 2**10)})
            continue
        key = (request["case"], request["variant"])
        try:
            if key not in built:
                start = time.perf_counter()
                run = variants[request["variant"]](request["case"], CASES[request["case"]])
                run(request["steps"])
                built[key] = (run, time.perf_counter() - start)
            run, first = built[key]
            start = time.perf_counter()
            run(request["steps"])
            say({"id": request["id"], "seconds": time.perf_counter() - start, "first": first})
        except Exception as error:  # a peer that fails is reported, and the others go on
            text = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            say({"id": request["id"], "error": text})
