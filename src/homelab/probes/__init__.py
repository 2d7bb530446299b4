"""Asking every service's health endpoint at once, from inside the lab's network.

```python
probes.run(topology, target=lab).raise_for_failures()
```
"""

from homelab.probes.probing import InNetwork, probe, run
from homelab.probes.report import ProbeReport, ProbeResult, ProbesFailedError, Seen

__all__ = ["InNetwork", "ProbeReport", "ProbeResult", "ProbesFailedError", "Seen", "probe", "run"]
