"""lib/tools/jupyter/run_notebook.py where ports that Jupyter has chosen are taken before the kernel gets there, as often as the argument says;
and where a client of another kernel, whose key is another, asks this one too."""

import asyncio
import socket
import sys
from pathlib import Path

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import AsyncKernelManager

sys.path.insert(0, str(Path(__file__).parents[2] / "lib" / "tools" / "jupyter"))
import run_notebook  # noqa: E402

times = float(sys.argv[1])
taken = []
strangers = []
write = AsyncKernelManager.write_connection_file
client = AsyncKernelManager.client


def write_and_take(self, **options):
    write(self, **options)
    if len(taken) < times:
        taken.append(socket.create_server(("127.0.0.1", self.shell_port)))


def client_and_stranger(self, **options):
    stranger = BlockingKernelClient()
    stranger.load_connection_info({**self.get_connection_info(), "key": b"another"})
    stranger.start_channels(iopub=False, stdin=False, hb=False)
    stranger.kernel_info()
    strangers.append(stranger)
    return client(self, **options)


AsyncKernelManager.write_connection_file = write_and_take
AsyncKernelManager.client = client_and_stranger
code = asyncio.run(run_notebook.main())
for stranger in strangers:
    stranger.stop_channels()
sys.exit(code)
