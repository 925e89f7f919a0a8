"""tnp: NumPy's API on immutable arrays, run at once, compiled, differentiated and vectorised."""

from __future__ import annotations

from . import _blas, _core, _einops, _threadpool
from ._core import (
    Dim,
    DTypePromotionError,
    Function,
    GradientTape,
    Graph,
    TracerError,
    Variable,
    clear_cache,
    get_num_threads,
    instruction_set,
    instruction_sets,
    kernel_cache_info,
    memory_stats,
    ndarray,
    reset_peak_memory,
    set_cache_limit,
    set_kernel_cache,
    set_memory_limit,
    set_num_threads,
    stop_gradient,
    threads,
    ufunc,
)
from ._dtypes import DTYPES as _DTYPES
from ._dtypes import dtype
from ._function import function

globals().update(_core.ufuncs)
globals().update({d.name: d for d in _DTYPES})
bool_ = _DTYPES[0]
_array_of_bytes = _core._array_of_bytes  # pickled arrays name it
# No __getattr__ here: with one the interpreter would look each name of the module up the long way.
from . import array_api, fft, linalg, random  # noqa: E402
from ._callables import *  # noqa: E402, F403
from ._device import device, devices  # noqa: E402
from ._export import *  # noqa: E402, F403
from ._files import load, save, savez, savez_compressed  # noqa: E402
from ._functional import *  # noqa: E402, F403
from ._gradients import *  # noqa: E402, F403
from ._index_tricks import *  # noqa: E402, F403
from ._misc import *  # noqa: E402, F403
from ._numpy import *  # noqa: E402, F403  over the ufuncs of the same names
from ._polynomial import *  # noqa: E402, F403  over the functions of the same names
from ._profile import profile  # noqa: E402
from ._promotion import default_float, experimental_enable_numpy_behavior, promotion  # noqa: E402
from ._scalar_types import *  # noqa: E402, F403
from ._text_io import *  # noqa: E402, F403

_einops.prepare()
__version__ = "0.1.0"
Tensor = ndarray
