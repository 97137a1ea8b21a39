#!/usr/bin/env bash
# jupyter_client 8.10.0 (with ipykernel 7.4.0, PyPI)
#
# What surprises: `restart_kernel(newports=True)` keeps every port. The ports that a local kernel is started with are chosen before those that were
# left open are noted, so none counts as open, and none is given up. The restarter, which starts a kernel again that died before it was
# ready, asks for new ports in this way and logs "new random ports".
#
# Seen:   newports=True: 0 of 5 ports are others
#         newports=True, cache_ports = False: 5 of 5 ports are others
#
# Why it matters: ports are chosen some time before the kernel takes them. A kernel that finds one taken by another program ends, and is
# started again five times on that same port: in JupyterLab and in Notebook it never comes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jupyter_client==8.10.0 ipykernel==7.4.0

cat > look.py << 'PY'
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager


def others(**options):
    """How many ports of a kernel are others after a restart."""
    manager = KernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(), **options)
    manager.start_kernel()
    try:
        before = manager.ports
        manager.restart_kernel(now=True, newports=True)
        return sum(one != other for one, other in zip(before, manager.ports))
    finally:
        manager.shutdown_kernel(now=True)


kept, chosen = others(), others(cache_ports=False)
print(f"newports=True: {kept} of 5 ports are others")
print(f"newports=True, cache_ports = False: {chosen} of 5 ports are others")
assert (kept, chosen) == (0, 5), "jupyter_client gives other ports to a kernel that is restarted so"
PY
venv/bin/python look.py
