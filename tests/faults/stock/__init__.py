"""The same faults on Earshot and on what is usually built instead: `python -m tests.faults.stock`."""
