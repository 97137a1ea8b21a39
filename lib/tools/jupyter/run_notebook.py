"""Executes one notebook and says on stdout, one JSON object a line, how it goes.

Called by lib/tools/run/kernel-process.ts. The first line of stdin is the task (JSON); stdin then stays open: when it closes, whoever
asked is gone, and the kernel is stopped. The executed notebook goes to `task["output"]`; the source is never written.

What nbclient alone would miss with tslab: a rejection that nobody awaits or an exception in a timer leaves the cell "ok", what is
printed after a cell's end is dropped, and so is what a child process prints. The kernel's preload (kernel/preload.ts) notes faults in
a file, which is read after each cell, and counts what each cell sends, which is compared with what arrived.
"""

import asyncio
import codecs
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.util import ensure_async
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, CellTimeoutError, DeadKernelError

from displays import broken_display, wrong_shape

ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
FRAME = re.compile(r"\s*\d+: |\s*-+ .* -+$")  # of a stack that Node prints when it gives up
SKIP = "skip-execution"
# The exit code of a kernel whose port was taken by another program before it got there (kernel/ports.js); how often one is started.
PORT_TAKEN = 75
STARTS = 3
# Bytes of a child's output that a notebook may hold; kernel/preload.ts has the limit of the kernel's own.
MOST = 20_000_000


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


class Client(NotebookClient):
    """Keeps what arrives for a cell that has ended: nbclient listens to the running cell alone."""

    def __init__(self, nb, **options):
        super().__init__(nb, **options)
        self.owners = {}  # by the request's id
        self.arrived = {}  # by the cell's index: UTF-16 units of text, and displays
        self.has_figures = False
        self.broken = []  # displays that are none: the cell's index, and why

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        self.owners[parent_msg_id] = (cell, cell_index)
        arrived = self.arrived.setdefault(cell_index, {"text": 0, "displays": 0})
        while True:
            msg = await ensure_async(self.kc.iopub_channel.get_msg(timeout=None))
            parent = msg["parent_header"].get("msg_id")
            if parent not in self.owners:
                continue
            owner, index = self.owners[parent]
            arrived = self.arrived[index]
            if msg["msg_type"] == "stream":
                arrived["text"] += len(msg["content"]["text"].encode("utf-16-le", "surrogatepass")) // 2
            elif msg["msg_type"] == "display_data":
                arrived["displays"] += 1
            if msg["msg_type"] in ("display_data", "update_display_data"):
                problem = wrong_shape(msg["content"].get("data"))
                if problem:
                    self.broken.append((index, problem))
                    continue
                if "application/vnd.plotly.v1+json" in msg["content"]["data"] and not self.has_figures:
                    self.has_figures = True
                    say(event="figure")
            try:
                self.process_message(msg, owner, index)
            except CellExecutionComplete:
                if parent == parent_msg_id:
                    return


class Pipe:
    """What a program writes to one of the kernel's file descriptors, past the kernel: child processes, C++."""

    def __init__(self, take):
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        self.take = take
        asyncio.get_running_loop().add_reader(self.reader, self.drain)

    def drain(self):
        # What was written before this call fits a pipe; who writes without end does not stop the rest.
        for _ in range(16):
            try:
                data = os.read(self.reader, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                asyncio.get_running_loop().remove_reader(self.reader)
                return
            self.take(data)

    def close(self):
        asyncio.get_running_loop().remove_reader(self.reader)
        for end in (self.reader, self.writer):
            try:
                os.close(end)
            except OSError:
                pass


def runs(cell):
    return bool(cell.source.strip()) and SKIP not in cell.metadata.get("tags", [])


def error_text(cell):
    said = [o.get("text", "") for o in cell.outputs if o.output_type == "stream" and o.name == "stderr"]
    errors = ["\n".join(o.traceback) for o in cell.outputs if o.output_type == "error"]
    return ANSI.sub("", "\n".join([*said, *errors])).strip() or "the kernel reported an error without a text"


class Execution:
    """One notebook in a kernel of its own."""

    def __init__(self, task):
        self.task = task
        self.nb = nbformat.read(task["notebook"], as_version=4)
        self.notes = Notes(task["notes"])
        self.ran = []  # ran[k - 1] is the index of the k-th cell that the kernel executed
        self.settling = False
        self.times = {"cells": {}}  # seconds: the kernel's start, each cell by its id, and its end
        self.beside = 0  # bytes written past the kernel
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.log = b""
        self.client = Client(
            self.nb,
            km=kernel_manager(task),
            timeout_func=lambda cell: task["cellLimit"] + (task["settle"]["seconds"] if self.settling else 0),
            startup_timeout=3600,  # a kernel that dies is noticed at once; on a busy machine a start takes as long as it takes
            iopub_timeout=max(60, int(task["cellLimit"])),
            raise_on_iopub_timeout=True,
            record_timing=False,
            coalesce_streams=False,
            force_raise_errors=True,
            skip_cells_with_tag=SKIP,
            allow_errors=False,
        )

    @property
    def last(self):
        return self.ran[-1] if self.ran else None

    def take_output(self, data):
        """A child's output belongs to the cell that runs."""
        self.beside += len(data)
        if self.beside > MOST:
            self.client.km.provisioner.process.kill()
        elif self.ran:
            outputs = self.nb.cells[self.last].outputs
            outputs.append(nbformat.v4.new_output("stream", name="stdout", text=self.decoder.decode(data)))

    def take_log(self, data):
        self.log = (self.log + data)[-(1 << 14) :]

    def check_faults(self):
        for fault in self.notes.faults():
            k = fault["execution"]
            index = self.ran[k - 1] if k and k <= len(self.ran) else self.last
            kind = "dead kernel" if fault["kind"] == "exit" else fault["kind"]
            raise Failed(kind, index, ANSI.sub("", fault["message"]))
        if self.beside > MOST:
            raise Failed("too much output", self.last, f"a child process printed more than {MOST // 1_000_000} MB")

    async def cell(self, cell, index, execution_count=None):
        """@raises Failed with the cell's own error, else with what the notes or the process tell"""
        try:
            await self.client.async_execute_cell(cell, index, execution_count=execution_count)
        except CellExecutionError:
            # A cell may fail because of what an earlier one left behind; the cell's own error comes first.
            raise Failed("error", self.last, error_text(cell)) from None
        except CellTimeoutError as timeout:
            if "IOPub" in str(timeout):
                raise Failed("lost output", self.last, "the kernel says that the cell ended, but not that its output did") from None
            limit = self.task["cellLimit"]
            raise Failed("time limit", self.last, f"the cell ran longer than its limit of {limit} s; --cell-limit sets another") from None
        except DeadKernelError:
            self.check_faults()
            raise Failed("dead kernel", self.last, await self.dead_text()) from None
        self.output.drain()
        self.check_faults()

    async def dead_text(self):
        provisioner = self.client.km and self.client.km.provisioner
        status = await provisioner.poll() if provisioner else None
        self.log_pipe.drain()
        lines = ANSI.sub("", self.log.decode("utf-8", "replace")).strip().splitlines()
        lines = [line for line in lines if line.strip() and not FRAME.match(line)]
        return "\n".join(["the kernel's process ended", *ending(status, "\n".join(lines)), *lines[-8:]])

    async def settle(self):
        """One unseen cell that waits for what the cells left behind."""
        unseen = nbformat.v4.new_code_cell(self.task["settle"]["source"])
        self.nb.cells.append(unseen)
        self.settling = True
        try:
            await self.cell(unseen, len(self.nb.cells) - 1)
            if self.notes.end is None:
                raise Failed("dead kernel", self.last, await self.dead_text())
        finally:
            self.nb.cells.pop()
            self.nb.cells[self.last].outputs += unseen.outputs

    def check_arrived(self):
        for index, sent in zip(self.ran, self.notes.end["sent"]):
            arrived = self.client.arrived[index]
            if arrived != sent:
                text = f"of {sent['text']} characters of text {arrived['text']} arrived, of {sent['displays']} displays {arrived['displays']}"
                raise Failed("lost output", index, text)

    def check_displays(self):
        for index, problem in self.client.broken:
            raise Failed("broken display", index, problem)
        for index, cell in enumerate(self.nb.cells):
            for output in cell.get("outputs", []):
                problem = broken_display(output.get("data", {}))
                if problem:
                    raise Failed("broken display", index, problem)

    def port_taken(self):
        return any(fault.get("code") == PORT_TAKEN for fault in self.notes.faults())

    async def in_kernel(self, wanted, **options):
        """@returns when the last cell had ended"""
        nb = self.nb
        began = time.monotonic()
        async with self.client.async_setup_kernel(cleanup_kc=True, **options):
            info = await self.client.async_wait_for_reply(await ensure_async(self.client.kc.kernel_info()))
            nb.metadata["language_info"] = info["content"]["language_info"]
            self.times["start"] = time.monotonic() - began
            for position, index in enumerate(wanted):
                cell = nb.cells[index]
                cell.outputs = []
                cell.execution_count = None
                say(event="cell", index=index, position=position, total=len(wanted))
                if runs(cell):
                    self.ran.append(index)
                    began = time.monotonic()
                    await self.cell(cell, index, len(self.ran))
                    self.times["cells"][cell.get("id", str(index))] = time.monotonic() - began
            ended = time.monotonic()
            await self.settle()
        return ended

    async def run(self):
        nb, task = self.nb, self.task
        wanted = [i for i, c in enumerate(nb.cells) if c.cell_type == "code"]
        if not any(runs(nb.cells[i]) for i in wanted):
            raise Failed("nothing ran", None, "it has no code cell to execute: write one, or keep the text as Markdown")
        env = {**os.environ, "BNLAB_KERNEL_NOTES": task["notes"], "FORCE_COLOR": "0", "NO_COLOR": "1"}
        if task["cells"]:
            env["BNLAB_KERNEL_CELLS"] = task["cells"]
        self.output, self.log_pipe = Pipe(self.take_output), Pipe(self.take_log)
        streams = {"stdin": subprocess.DEVNULL, "stdout": self.output.writer, "stderr": self.log_pipe.writer}
        try:
            for start in range(1, STARTS + 1):
                try:
                    ended = await self.in_kernel(wanted, cwd=task["cwd"], env=env, **streams)
                    break
                except RuntimeError:
                    if start == STARTS or self.ran or not self.port_taken():
                        raise
                    self.client.km = kernel_manager(task)
        except RuntimeError as error:
            raise Failed("dead kernel", None, f"{error}\n{await self.dead_text()}") from None
        finally:
            self.output.close()
            self.log_pipe.close()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.times.update(end=time.monotonic() - ended, processor=used.ru_utime + used.ru_stime)
        self.check_arrived()
        self.check_displays()
        try:
            with open(task["output"], "w", encoding="ascii") as file:
                json.dump(nb, file)
        except OSError as error:
            raise Failed("runner", None, f"{task['output']}: {error.strerror}. Make room there, or name another folder with TMPDIR") from None
        return {"ran": len(self.ran), "times": self.times, "engine": self.notes.end.get("engine")}


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
    execution = Execution(task)
    work = asyncio.ensure_future(execution.run())
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
        say(event="failed", kind="runner", index=execution.last, error=f"{type(error).__name__}: {error}")
        return 1
    say(event="done", seconds=time.monotonic() - started, **result)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
