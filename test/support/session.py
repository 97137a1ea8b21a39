"""A tslab kernel for a test: what stdin asks for, a JSON object a line, is sent to it; what it says is written to stdout likewise.

The kernel is started and interrupted by jupyter_client, as JupyterLab's server does it.
"""

import asyncio
import json
import sys

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

# See lib/tools/kernel/ports.js.
PORT_TAKEN = 75


async def main():
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    task = json.loads(await reader.readline())

    class Here(KernelSpecManager):
        def get_kernel_spec(self, name):
            return KernelSpec(argv=task["argv"], display_name="test", language="typescript", env={})

    while True:
        manager = AsyncKernelManager(kernel_name="test", kernel_spec_manager=Here())
        await manager.start_kernel(cwd=task["cwd"])
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=3600)
            break
        except RuntimeError:
            client.stop_channels()
            if await manager.provisioner.poll() != PORT_TAKEN:
                raise

    def say(channel, message):
        kept = {"channel": channel, "type": message["msg_type"], "content": message["content"]}
        parent = message["parent_header"]
        print(json.dumps({**kept, "parent": parent.get("msg_id"), "of": parent.get("msg_type")}), flush=True)

    async def listen(channel, get):
        while True:
            say(channel, await get(timeout=None))

    async def watch():
        code = await manager.provisioner.wait()
        print(json.dumps({"channel": "session", "type": "dead", "content": {"code": code}}), flush=True)

    # An answer on the control channel may be late; it is no reason to stop listening.
    listeners = [
        asyncio.ensure_future(listen(channel, get))
        for channel, get in [
            ("iopub", client.get_iopub_msg),
            ("shell", client.get_shell_msg),
            ("control", client.get_control_msg),
        ]
    ] + [asyncio.ensure_future(watch())]
    print(json.dumps({"channel": "session", "type": "ready", "content": {}}), flush=True)
    try:
        while line := await reader.readline():
            asked = json.loads(line)
            if "execute" in asked:
                sent = client.execute(asked["execute"])
                print(json.dumps({"channel": "session", "type": "sent", "content": {"id": sent}}), flush=True)
            elif "complete" in asked:
                client.complete(asked["complete"], len(asked["complete"]))
            elif asked["interrupt"] == "signal":
                await manager.interrupt_kernel()
            else:
                client.control_channel.send(client.session.msg("interrupt_request", {}))
            for listener in listeners:
                if listener.done():
                    listener.result()
    finally:
        for listener in listeners:
            listener.cancel()
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


asyncio.run(main())
