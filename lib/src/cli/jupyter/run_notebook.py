"""Executes one notebook and says on stdout, one JSON object a line, how it goes.

Called by lib/src/cli/notebooks.ts. The first line of stdin is the task (JSON); stdin then stays open: when it closes, whoever
asked is gone, and the kernel is stopped. The executed notebook goes to `task["output"]`; the source is never written.

What nbclient alone would miss with tslab: a failing cell sends no error message (only a status, and text on stderr), and a
rejection that nobody awaits or an exception in a timer leaves the cell "ok". The kernel's preload (kernel-preload.ts) notes
the latter in a file, which is read after each cell.
"""

import asyncio
import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.util import ensure_async
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
SETTLE_MS = 2000
SKIP = "skip-execution"


def say(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


class Failed(Exception):
    """A notebook that must not be kept: kind, the cell's index (or None), the error's text."""

    def __init__(self, kind, index, error):
        super().__init__(error)
        self.kind, self.index, self.error = kind, index, error


class Notes:
    """The file the kernel's preload writes, read line by line as it grows."""

    def __init__(self, path):
        self.path, self.offset, self.end = Path(path), 0, None

    def faults(self):
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self.offset)
            text = file.read()
        complete = text[: text.rfind(b"\n") + 1]
        self.offset += len(complete)
        found = [json.loads(line) for line in complete.splitlines() if line]
        for entry in found:
            if entry["kind"] == "end":
                self.end = entry
        return [entry for entry in found if entry["kind"] != "end"]


def kernel_manager(task):
    """The tslab kernel of this checkout with the preload in front: no registered kernelspec is asked."""

    class Here(KernelSpecManager):
        def get_kernel_spec(self, name):
            return KernelSpec(argv=task["kernel"], display_name="TypeScript", language="typescript", env={})

    return AsyncKernelManager(kernel_name="tslab", kernel_spec_manager=Here())


def runs(cell):
    return bool(cell.source.strip()) and SKIP not in cell.metadata.get("tags", [])


def error_text(cell):
    text = "".join(o.get("text", "") for o in cell.outputs if o.output_type == "stream" and o.name == "stderr")
    return ANSI.sub("", text).strip() or "the kernel reported an error without a text"


async def execute(task):
    nb = nbformat.read(task["notebook"], as_version=4)
    notes = Notes(task["notes"])
    limit = task["cellLimit"]
    client = NotebookClient(
        nb,
        km=kernel_manager(task),
        timeout_func=lambda cell: limit,
        startup_timeout=180,
        iopub_timeout=30,
        record_timing=False,
        coalesce_streams=False,
        force_raise_errors=True,
        skip_cells_with_tag=SKIP,
        allow_errors=False,
    )
    wanted = [i for i, c in enumerate(nb.cells) if c.cell_type == "code"]
    total = len(wanted)
    if not any(runs(nb.cells[i]) for i in wanted):
        raise Failed("nothing ran", None, "no code cell was executed")
    ran = []  # ran[k - 1] is the index of the k-th cell that the kernel executed

    def check_faults():
        for fault in notes.faults():
            k = fault["execution"]
            index = ran[k - 1] if k and k <= len(ran) else (ran[-1] if ran else None)
            raise Failed(fault["kind"], index, ANSI.sub("", fault["message"]))

    env = {**os.environ, "BNLAB_KERNEL_NOTES": task["notes"], "FORCE_COLOR": "0", "NO_COLOR": "1"}
    with open(task["log"], "ab") as log:
        async with client.async_setup_kernel(cwd=task["cwd"], env=env, stdout=log, stderr=log, cleanup_kc=True):
            info = await client.async_wait_for_reply(await ensure_async(client.kc.kernel_info()))
            nb.metadata["language_info"] = info["content"]["language_info"]
            for position, index in enumerate(wanted):
                cell = nb.cells[index]
                cell.outputs = []
                cell.execution_count = None
                say(event="cell", index=index, position=position, total=total)
                before = client.code_cells_executed
                if runs(cell):
                    ran.append(index)
                try:
                    await client.async_execute_cell(cell, index, execution_count=before + 1)
                except CellExecutionError:
                    # A cell may fail because of what an earlier one left behind; the cell's own error comes first.
                    raise Failed("error", index, error_text(cell)) from None
                except CellTimeoutError:
                    raise Failed("time limit", index, f"the cell ran longer than its limit of {limit} s") from None
                except DeadKernelError:
                    raise Failed("dead kernel", index, await dead_text(task, client)) from None
                check_faults()
            await settle(client, ran, task)
            check_faults()
    if notes.end is None:
        raise Failed("dead kernel", ran[-1], await dead_text(task, client))
    with open(task["output"], "w", encoding="utf-8") as file:
        nbformat.write(nb, file)
    return {"ran": len(ran), "engine": notes.end.get("engine")}


async def settle(client, ran, task):
    """One unseen cell that waits for the timers that the cells left behind."""
    unseen = nbformat.v4.new_code_cell(f"const bnlabEnd: any = await globalThis['bnlabKernel'].settle({SETTLE_MS});")
    client.nb.cells.append(unseen)
    try:
        await client.async_execute_cell(unseen, len(client.nb.cells) - 1)
    except CellExecutionError:
        raise Failed("error", ran[-1], error_text(unseen)) from None
    except DeadKernelError:
        raise Failed("dead kernel", ran[-1], await dead_text(task, client)) from None
    finally:
        client.nb.cells.pop()


async def dead_text(task, client):
    """Why the kernel's process ended, as far as its exit and its last words say."""
    try:
        tail = Path(task["log"]).read_text("utf-8", "replace").strip().splitlines()[-8:]
    except OSError:
        tail = []
    code = await client.km.provisioner.poll() if client.km.provisioner else None
    said = ["the kernel's process ended while the cell ran", *ending(code, "\n".join(tail)), *tail]
    return ANSI.sub("", "\n".join(said))


def ending(code, tail):
    """What the exit code of a kernel means, where it is one of the usual causes: lines for the reader."""
    name = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
    if "heap out of memory" in tail:
        return [f"({name}) JavaScript's own memory was used up: keep less in variables, or NODE_OPTIONS=--max-old-space-size=8192 (megabytes)"]
    if "bad_alloc" in tail:
        return [f"({name}) no more memory could be had: use smaller batches, dispose tensors, or give the machine or container more"]
    if name == "SIGKILL":
        return [
            f"({name}) it was killed from outside, which is what the system does when memory, or the container's limit of it, is used up:"
            f" {memory_left()}; use smaller batches, dispose tensors, run one notebook at a time (--jobs 1), or give the machine or container more"
        ]
    if name in ("SIGSEGV", "SIGBUS", "SIGILL"):
        return [f"({name}) native code crashed; `npm run setup -- --rebuild` compares TensorFlow's library with its checksums"]
    return [] if code is None else [f"({name})"]


def memory_left():
    """The container's limit of memory where there is one, else the machine's memory, in words."""
    folders = ["/sys/fs/cgroup"]
    try:
        group = Path("/proc/self/cgroup").read_text().strip().rsplit("::", 1)[-1]
        folders.insert(0, f"/sys/fs/cgroup{group}")
    except OSError:
        pass
    for file in [f"{folder}/memory.max" for folder in folders] + ["/sys/fs/cgroup/memory/memory.limit_in_bytes"]:
        try:
            limit = int(Path(file).read_text())
        except (OSError, ValueError):
            continue
        if limit < 1 << 60:
            return f"the limit here is {limit / 1e9:.1f} GB"
    try:
        return f"this machine has {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.1f} GB"
    except (OSError, ValueError):
        return "how much there is cannot be told here"


async def main():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    task = json.loads(await reader.readline())
    started = time.monotonic()
    work = asyncio.ensure_future(execute(task))
    gone = asyncio.ensure_future(reader.read())  # returns when stdin closes: nobody waits for the result any more
    await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        work.cancel()
        try:
            await work
        except BaseException:
            pass
        return 130
    gone.cancel()
    try:
        result = work.result()
    except Failed as failure:
        say(event="failed", kind=failure.kind, index=failure.index, error=failure.error)
        return 1
    except Exception as error:  # the glue itself failed: say so, with its type
        say(event="failed", kind="runner", index=None, error=f"{type(error).__name__}: {error}")
        return 1
    say(event="done", seconds=time.monotonic() - started, **result)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
