"""What the type stubs say of the extension's functions: tools/gen_stubs puts it together with their signatures.

This is the home of the types of what is written in C++; functions written in Python are annotated where they are. A name is
looked up qualified first ("linalg.norm", "ndarray.item", "Generator.choice"), then bare. `| None` is added where the default
is None. What is not found here is an error of the generator, and what is not used one of tests/python/typing.
"""

from __future__ import annotations

# --- parameters, by name

PARAMETERS = {
    "ArrayLike": """
        A a a1 a2 a_max a_min alpha append ar ar1 ar2 arr array ary aweights b beta bins choices condition default df
        dfden dfnum dx element fill_value filt fp fweights high initial kappa keys lam left loc low m mask max mean min
        mu nan nbad neginf ngood nonc nsample object other p posinf prepend prototype pvals q right sample scale
        seq_of_zeros sigma src start stop test_elements to_begin to_end v val vals value values w weights where x x1 x2
        xi xp y z atol rtol sorter dst like delta
    """,
    "IntegerLike": "ind indices indices_or_sections kth multi_index repeats reps",
    "SupportsIndex": "axis1 axis2 axisa axisb axisc k n num N offset minlength count decimals jumps n_children n_words length",
    "AxesLike": "axis axes source destination shift",
    "ShapeLike": "shape dims dimensions new_shape size",
    "DTypeLike": "type1 type2 dtype to",
    "Order": "order",
    "Casting": "casting",
    "None": "out stream uic",
    "Sequence[ArrayLike] | SupportsArray": "arrays tup",
    "Sequence[ArrayLike]": "choicelist condlist",
    "Sequence[SupportsIndex]": "s",
    "builtins.bool": """
        assume_unique bias density einsum_call endpoint equal_nan fractional full_matrices hermitian include_initial
        increasing inplace invert keepdims overwrite_input replace retstep return_counts return_index return_indices
        return_inverse returned rowvar shuffle sorted sparse stable subok unique upper wrap compute_uv write align
        refcheck suppress suppress_small copy experimental_use_pfor files
    """,
    "builtins.int": """
        edgeitems exp_digits linewidth max_line_width max_work min_digits ndmax ndmin pad_left pad_right precision
        threshold bytes
    """,
    "builtins.float": "tol ddof correction period discont",
    "builtins.str": "separator prefix suffix sep format infstr nanstr device",
    "Literal['-', '+', ' ']": "sign",
    "Literal['fixed', 'unique', 'maxprec', 'maxprec_equal']": "floatmode",
    "Literal['k', '.', '0', '-']": "trim",
    "Literal['big', 'little']": "bitorder",
    "Literal['xy', 'ij']": "indexing",
    "Literal['left', 'right']": "side",
    "Literal['L', 'U', 'l', 'u']": "UPLO",
    "Literal['backward', 'ortho', 'forward']": "norm",
    "Literal['raise', 'wrap', 'clip']": "mode",
    "Literal['warn', 'raise', 'ignore']": "check_valid",
    "Literal['none', 'zero']": "unconnected_gradients",
    "Literal[1, 2]": "edge_order",
    "SortKind": "kind",
    "PercentileMethod": "method",
    "Mapping[builtins.str, Callable[[Any], builtins.str]]": "formatter",
    "builtins.float | Literal['fro', 'nuc']": "ord",
    "builtins.bool | Literal['greedy', 'optimal'] | Sequence[builtins.str | tuple[builtins.int, ...]]": "optimize",
    "builtins.str | builtins.float | None": "legacy",
    "Callable[[ndarray], builtins.str]": "override_repr",
    "builtins.str | os.PathLike[builtins.str] | IO[Any]": "fid file",
    "builtins.object": "feed_dict session parallel_iterations",
    "Any": "target sources output_gradients",
}

# --- parameters that mean something else in some functions

PARAMETERS_OF = {
    "SupportsIndex": """
        append.axis argmax.axis argmin.axis array_split.axis compress.axis cumprod.axis cumsum.axis cumulative_prod.axis
        cumulative_sum.axis delete.axis diff.axis insert.axis linspace.axis logspace.axis geomspace.axis nancumsum.axis
        nancumprod.axis nanargmax.axis nanargmin.axis repeat.axis rollaxis.axis stack.axis split.axis take.axis
        trapezoid.axis unique.axis unstack.axis unwrap.axis packbits.axis unpackbits.axis cross.axis vecdot.axis
        lexsort.axis Generator.choice.axis Generator.permutation.axis Generator.permuted.axis Generator.shuffle.axis
        fft.axis ifft.axis rfft.axis irfft.axis hfft.axis ihfft.axis eye.M tri.M tril_indices.m triu_indices.m
        rollaxis.start tensorinv.ind rand.args randn.args ufunc.accumulate.axis ufunc.reduceat.axis polyfit.deg cov.ddof
    """,
    "SupportsIndex | None": """
        argpartition.axis argsort.axis concat.axis concatenate.axis partition.axis put_along_axis.axis sort.axis
        take_along_axis.axis
    """,
    "Sequence[SupportsIndex | None]": "ndarray.set_shape.shape",
    "SupportsIndex | tuple[SupportsIndex, ...]": "ndarray.item.args",
    "SupportsIndex | Sequence[AxesLike]": "tensordot.axes",
    "SupportsIndex | Sequence[SupportsIndex] | None": "ndarray.transpose.axes",
    "Sequence[SupportsIndex]": """
        transpose.axes permute_dims.axes rot90.axes tensorsolve.axes fft2.axes ifft2.axes rfft2.axes irfft2.axes
        fftn.axes ifftn.axes rfftn.axes irfftn.axes
    """,
    "IntegerLike": "unravel_index.indices",
    "IntegerLike | slice": "delete.obj insert.obj",
    "IntegerLike | slice | tuple[Index, ...]": "ufunc.at.indices",
    "ShapeLike": "broadcast_shapes.args ndarray.reshape.shape ndarray.resize.new_shape",
    "ArrayLike": """
        block.arrays broadcast_arrays.args ix_.args gradient.f gradient.varargs vander.x random.binomial.n
        random.multinomial.n random.negative_binomial.n random.gamma.shape random.standard_gamma.shape pinv.rcond
        matrix_rank.tol triangular.mode multivariate_normal.mean multivariate_normal.cov logspace.base ufunc.at.b
        multivariate_hypergeometric.colors
    """,
    "ArrayLike | builtins.str | Sequence[SupportsIndex | EllipsisType]": "einsum.operands einsum_path.operands",
    "Number | SupportsArray": "arange.start arange.stop arange.step",
    "SupportsArray": "common_type.arrays astype.x",
    "DTypeLike | ArrayLike": "can_cast.from_ result_type.arrays_and_dtypes",
    "SupportsDLPack": "from_dlpack.x",
    "Buffer": "frombuffer.buffer",
    "Iterable[Any]": "fromiter.iter",
    "None": "argpartition.order argsort.order partition.order sort.order",
    "builtins.float": "bartlett.M blackman.M hamming.M hanning.M kaiser.M polyfit.rcond lstsq.rcond fftfreq.d rfftfreq.d",
    "builtins.float | SupportsArray": "format_float_positional.x format_float_scientific.x",
    "builtins.bool": "format_float_positional.sign format_float_scientific.sign angle.deg digitize.right polyfit.full get_state.legacy",
    "builtins.bool | None": "array.copy asarray.copy asanyarray.copy from_dlpack.copy reshape.copy",
    "builtins.bool | Literal['unscaled']": "polyfit.cov",
    "builtins.str": "trim_zeros.trim",
    "Literal['full', 'same', 'valid']": "convolve.mode correlate.mode",
    "Literal['reduced', 'complete', 'r', 'raw']": "qr.mode",
    "Literal['sort', 'table']": "isin.kind",
    "Literal['introselect']": "argpartition.kind partition.kind",
    "Literal['zig', 'inv']": "standard_exponential.method",
    "Literal['svd', 'eigh', 'cholesky']": "multivariate_normal.method",
    "Literal['marginals', 'count']": "multivariate_hypergeometric.method",
    "Mode | tuple[Mode, ...]": "ravel_multi_index.mode",
    "builtins.float | Literal['fro', 'nuc'] ": "cond.p",
    "tuple[builtins.float, builtins.float]": "histogram.range histogram_bin_edges.range",
    "ArrayLike | Sequence[ArrayLike | None]": "histogram2d.range histogramdd.range",
    "Callable[[ndarray, Any], ArrayLike]": "mask_indices.mask_func",
    "Casting | Literal['same_value']": "ndarray.astype.casting",
    "type[ndarray]": "ndarray.view.type",
    "DTypeLike | type[ndarray]": "ndarray.view.dtype",
    "SupportsIndex ": "diag_indices.ndim",
}

# --- results. What is not here gives an array

RETURNS = {
    "builtins.bool": """
        allclose array_equal array_equiv can_cast iscomplexobj isfortran isrealobj may_share_memory shares_memory
        array_api.can_cast array_api.isdtype
    """,
    "builtins.int": "ndim size get_num_threads",
    "builtins.str": """
        array2string array_repr array_str format_float_positional format_float_scientific Graph.text Graph.svg
        Function.explain
    """,
    "builtins.bytes": "ndarray.dumps ndarray.tobytes random.bytes Generator.bytes RandomState.bytes",
    "tuple[builtins.int, ...]": "shape broadcast_shapes ndarray.get_shape array_api.broadcast_shapes",
    "dtype": "common_type min_scalar_type promote_types result_type",
    "tuple[ndarray, ...]": """
        broadcast_arrays diag_indices diag_indices_from ix_ mask_indices meshgrid nonzero tril_indices tril_indices_from
        triu_indices triu_indices_from unravel_index unstack
    """,
    "tuple[_Array, ...]": "array_api.broadcast_arrays array_api.meshgrid array_api.nonzero array_api.unstack",
    "list[ndarray]": "array_split dsplit hsplit split vsplit",
    "tuple[ndarray, ndarray]": "histogram",
    "tuple[ndarray, ndarray, ndarray]": "histogram2d",
    "tuple[ndarray, tuple[ndarray, ...]]": "histogramdd",
    "tuple[ndarray, ndarray, ndarray, ndarray]": "lstsq",
    "tuple[list[Any], builtins.str]": "einsum_path",
    "dict[builtins.str, Any]": """
        get_printoptions kernel_cache_info memory_stats Function.cache_info array_api.get_array_api_strict_flags
    """,
    "list[builtins.str]": "instruction_sets",
    "UniqueAllResult": "unique_all array_api.unique_all",
    "UniqueCountsResult": "unique_counts array_api.unique_counts",
    "UniqueInverseResult": "unique_inverse array_api.unique_inverse",
    "EigResult": "linalg.eig array_api.linalg.eig",
    "EighResult": "linalg.eigh array_api.linalg.eigh",
    "SlogdetResult": "linalg.slogdet array_api.linalg.slogdet",
    "QRResult": "array_api.linalg.qr",
    "SVDResult": "array_api.linalg.svd",
    "DType": "array_api.result_type",
    "finfo_object": "array_api.finfo",
    "iinfo_object": "array_api.iinfo",
    "list[Generator]": "Generator.spawn",
    "list[SeedSequence]": "SeedSequence.spawn",
    "list[Self]": "BitGenerator.spawn",
    "Self": "BitGenerator.jumped",
    "Variable": "Variable.assign Variable.assign_add Variable.assign_sub",
    "None": """
        clear_cache reset_peak_memory set_cache_limit set_memory_limit set_printoptions ndarray.dump ndarray.tofile
        ndarray.setflags ndarray.set_shape GradientTape.reset Function.clear_cache array_api.set_array_api_strict_flags
        array_api.reset_array_api_strict_flags
    """,
    "NoReturn": "ndarray.fill ndarray.put ndarray.resize ndarray.setfield",
    # Known when the program runs only: numbers of any kind, nested lists of them, states of generators.
    "Any": "ndarray.item ndarray.tolist ndarray.eval ndarray.ref ndarray.experimental_ref get_state",
}


# --- functions whose arguments decide what kind of thing they give: changes of parameters, and the result. A type that ends in
# "!" has no default there (and is given by name, with what follows); the last entry stands for all else


def _flagged(flags: list[str], first: str) -> list[tuple[dict[str, str], str]]:
    """An overload for each choice of flags that add an array each to the result."""
    out = []
    for chosen in range(1 << len(flags)):
        given = {f: "Literal[True]!" if chosen >> i & 1 else "Literal[False]" for i, f in enumerate(flags)}
        count = chosen.bit_count()
        out.append((given, f"tuple[{', '.join([first] * (count + 1))}]" if count else first))
    return [*out, ({}, "Any")]


OVERLOADS: dict[str, list[tuple[dict[str, str], str] | str]] = {
    "where": [
        "(condition: ArrayLike, /) -> tuple[ndarray, ...]",
        "(condition: ArrayLike, x: ArrayLike, y: ArrayLike, /) -> ndarray",
    ],
    **{
        f"atleast_{n}d": [
            "(ary: ArrayLike, /) -> ndarray",
            "(ary: ArrayLike, second: ArrayLike, /, *arys: ArrayLike) -> tuple[ndarray, ...]",
        ]
        for n in (1, 2, 3)
    },
    # Of a poly1d a poly1d.
    **{
        f"poly{n}": [
            "(a1: poly1d, a2: ArrayLike) -> poly1d",
            "(a1: ArrayLike, a2: poly1d) -> poly1d",
            "(a1: ArrayLike, a2: ArrayLike) -> ndarray",
        ]
        for n in ("add", "sub", "mul")
    },
    "polydiv": [
        "(u: poly1d, v: ArrayLike) -> tuple[poly1d, poly1d]",
        "(u: ArrayLike, v: poly1d) -> tuple[poly1d, poly1d]",
        "(u: ArrayLike, v: ArrayLike) -> tuple[ndarray, ndarray]",
    ],
    "polyder": [
        "(p: poly1d, m: SupportsIndex = 1) -> poly1d",
        "(p: ArrayLike, m: SupportsIndex = 1) -> ndarray",
    ],
    "polyint": [
        "(p: poly1d, m: SupportsIndex = 1, k: ArrayLike | None = None) -> poly1d",
        "(p: ArrayLike, m: SupportsIndex = 1, k: ArrayLike | None = None) -> ndarray",
    ],
    "linspace": [*_flagged(["retstep"], "ndarray")],
    "average": [*_flagged(["returned"], "ndarray")],
    "unique": [*_flagged(["return_index", "return_inverse", "return_counts"], "ndarray")],
    "intersect1d": [
        ({"return_indices": "Literal[False]"}, "ndarray"),
        ({"return_indices": "Literal[True]!"}, "tuple[ndarray, ndarray, ndarray]"),
        ({}, "Any"),
    ],
    "indices": [
        ({"sparse": "Literal[False]"}, "ndarray"),
        ({"sparse": "Literal[True]!"}, "tuple[ndarray, ...]"),
        ({}, "Any"),
    ],
    "polyfit": [
        ({"full": "Literal[False]", "cov": "Literal[False]"}, "ndarray"),
        ({"full": "Literal[True]!"}, "tuple[ndarray, ndarray, ndarray, ndarray, builtins.float]"),
        ({"full": "Literal[False]", "cov": "Literal[True, 'unscaled']!"}, "tuple[ndarray, ndarray]"),
        ({}, "Any"),
    ],
    # For an array of one dimension, or one axis, an array; else a tuple.
    "gradient": [({"axis": "SupportsIndex!"}, "ndarray"), ({}, "Any")],
    "linalg.qr": [
        ({"mode": "Literal['reduced', 'complete']"}, "QRResult"),
        ({"mode": "Literal['r']!"}, "ndarray"),
        ({"mode": "Literal['raw']!"}, "tuple[ndarray, ndarray]"),
        ({}, "Any"),
    ],
    "linalg.svd": [
        ({"compute_uv": "Literal[True]"}, "SVDResult"),
        ({"compute_uv": "Literal[False]!"}, "ndarray"),
        ({}, "Any"),
    ],
    # The structure of the sources, None in place of what the target does not depend on.
    "GradientTape.gradient": [
        ({"sources": "list[Any]"}, "list[ndarray | MaybeNone]"),
        ({"sources": "tuple[Any, ...]"}, "tuple[ndarray | MaybeNone, ...]"),
        ({"sources": "Mapping[_K, Any]"}, "dict[_K, Any]"),
        ({"sources": "ndarray | Variable"}, "ndarray | MaybeNone"),
    ],
    "GradientTape.jacobian": [
        ({"sources": "list[Any]"}, "list[Any]"),
        ({"sources": "tuple[Any, ...]"}, "tuple[Any, ...]"),
        ({"sources": "Mapping[_K, Any]"}, "dict[_K, Any]"),
        ({"sources": "ndarray | Variable"}, "ndarray | MaybeNone"),
    ],
    # Numbers become arrays; structures stay.
    "stop_gradient": ["(x: Number) -> ndarray", "(x: _T) -> _T"],
    "fori_loop": [
        "(lower: SupportsIndex, upper: SupportsIndex, body: Callable[[Any, Any], Any], init: Number) -> ndarray",
        "(lower: SupportsIndex, upper: SupportsIndex, body: Callable[[Any, Any], Any], init: _T) -> _T",
    ],
}

# --- whole signatures: of functions of functions, and of what does not tell its own

SIGNATURES = {
    "cond": "(pred: ArrayLike, true_fn: Callable[..., _T], false_fn: Callable[..., _T], *operands: Any) -> _T",
    "switch": "(index: ArrayLike, branches: Sequence[Callable[..., _T]], *operands: Any) -> _T",
    "map": "(f: Callable[[Any], Any], xs: Any) -> Any",
    "scan": (
        "(f: Callable[[Any, Any], tuple[_T, Any]], init: Any, xs: Any = None, length: SupportsIndex | None = None, "
        "reverse: builtins.bool = False) -> tuple[_T, Any]"
    ),
    "vectorized_map": (
        "(fn: Callable[..., _T], elems: Any, fallback_to_while_loop: builtins.bool = True, warn: builtins.bool = True) -> _T"
    ),
    "py_function": (
        "(func: Callable[..., Any], inp: Sequence[Any] | None, Tout: Any, name: builtins.str | None = None) -> Any"
    ),
    "graph_from_text": "(text: builtins.str, constants: Sequence[ArrayLike] = ...) -> Graph",
    "set_kernel_cache": "(directory: builtins.str | os.PathLike[builtins.str] | None, limit: builtins.int = ...) -> None",
    "set_num_threads": "(n: builtins.int) -> None",
    "ufunc.__call__": "(self, *args: Any, **kwargs: Any) -> Any",
    "ufunc.resolve_dtypes": (
        "(self, /, dtypes: Sequence[DTypeLike | None], *, signature: Any = None, casting: Casting | None = None, "
        "reduction: builtins.bool = False) -> tuple[dtype, ...]"
    ),
    "ufunc.outer": "(self, A: ArrayLike, B: ArrayLike, /, **kwargs: Any) -> Any",
    "ndarray.from_tensor": "(tensor: ArrayLike) -> ndarray",
    "ndarray.__init__": (
        "(self, shape: ShapeLike | None = None, dtype: DTypeLike | None = ..., buffer: ArrayLike | None = None) -> None"
    ),
    "Variable.__init__": (
        "(self, initial_value: ArrayLike, *, trainable: builtins.bool = True, dtype: DTypeLike | None = None, "
        "name: builtins.str = 'Variable') -> None"
    ),
    "GradientTape.__init__": (
        "(self, persistent: builtins.bool = False, watch_accessed_variables: builtins.bool = True) -> None"
    ),
    "GradientTape.__enter__": "(self) -> Self",
    "GradientTape.watch": "(self, tensor: Any) -> None",
    "GradientTape.batch_jacobian": (
        "(self, target: ndarray, source: ndarray | Variable, unconnected_gradients: Literal['none', 'zero'] = 'none', "
        "parallel_iterations: builtins.object = None, experimental_use_pfor: builtins.bool = True) -> ndarray | MaybeNone"
    ),
    "GradientTape.stop_recording": "(self) -> AbstractContextManager[None]",
    "Function.__init__": "(self, f: Callable[_P, _R], name: builtins.str | None = None, autograph: builtins.bool = ...) -> None",
    "Function.__call__": "(self, *args: _P.args, **kwargs: _P.kwargs) -> _R",
    "Function.__get__": "(self, instance: Any, owner: Any = None, /) -> Any",
    "Function.set_donated": "(self, positions: list[builtins.int], names: list[builtins.str], /) -> None",
    "Function.set_statics": "(self, positions: list[builtins.int], names: list[builtins.str], /) -> None",
    "Function.set_input_signature": "(self, specs: Sequence[Any], /) -> None",
    **{
        f"Function.{n}": f"(self, *args: Any, **kwargs: Any) -> {r}"
        for n, r in [("cost", "dict[builtins.str, Any]"), ("graph", "Graph"), ("steps", "builtins.str")]
    },
    "Graph.__call__": "(self, *args: ArrayLike) -> Any",
    "_AtItem.apply": "(self, function: Callable[[ndarray], ArrayLike]) -> ndarray",
    "flagsobj.__getitem__": "(self, key: builtins.str, /) -> builtins.bool",
    "threads.__init__": "(self, n: builtins.int) -> None",
    "instruction_set.__init__": "(self, name: builtins.str) -> None",
    # random
    "random.default_rng": "(seed: SeedLike | SeedSequence | BitGenerator | Generator | None = None) -> Generator",
    "BitGenerator.__init__": "(self, seed: SeedLike | SeedSequence | None = None) -> None",
    "BitGenerator.random_raw": "(self, size: ShapeLike | None = None, output: builtins.bool = True) -> ndarray",
    "Philox.__init__": (
        "(self, seed: SeedLike | SeedSequence | None = None, counter: SupportsIndex | None = None, "
        "key: SupportsIndex | None = None) -> None"
    ),
    "SeedSequence.__init__": (
        "(self, entropy: SeedLike | None = None, *, spawn_key: Sequence[builtins.int] = (), pool_size: builtins.int = 4, "
        "n_children_spawned: builtins.int = 0) -> None"
    ),
    "Generator.__init__": "(self, bit_generator: BitGenerator) -> None",
    "RandomState.__init__": "(self, seed: SeedLike | SeedSequence | BitGenerator | None = None) -> None",
    **{
        f"{c}seed": "(" + s + "seed: SeedLike | None = None) -> None"
        for c, s in (("RandomState.", "self, "), ("random.", ""))
    },
    **{f"{c}set_state": "(" + s + "state: Any) -> None" for c, s in (("RandomState.", "self, "), ("random.", ""))},
    # strict arrays
    "_Array.__setitem__": "(self, key: Index | tuple[Index, ...] | _Array, value: _Array | Number, /) -> None",
}

# --- attributes

ATTRIBUTES = {
    "builtins.int": """
        itemsize nbytes ndim size nargs nin nout ntypes num_operations pool_size n_children_spawned index bits
        iinfo_object.max iinfo_object.min
    """,
    "builtins.float": "finfo_object.eps finfo_object.max finfo_object.min finfo_object.smallest_normal",
    "builtins.str": "name device",
    "builtins.str | None": "signature",
    "builtins.bool": """
        trainable aligned behaved c_contiguous carray contiguous f_contiguous farray fnc forc owndata writeable
        writebackifcopy
    """,
    "tuple[builtins.int, ...]": "shape strides spawn_key coords",
    "list[builtins.str]": "operations types",
    "list[ndarray]": "constants",
    "dtype": "dtype",
    "DType": "_Array.dtype finfo_object.dtype iinfo_object.dtype",
    "Device": "_Array.device",
    "ndarray": "T mT real imag pool",
    "_Array": "_Array.T _Array.mT",
    "ndarray | None": "base",
    "ndarray ": "flatiter.base",
    "_At": "at",
    "flagsobj": "flags",
    "flatiter": "flat",
    "memoryview": "data",
    "BitGenerator": "bit_generator",
    "SeedSequence": "seed_seq",
    "dict[builtins.str, Any]": "state",
    "Any": "ctypes identity entropy",
}

# --- operators: what stands on the other side, and what comes out

OPERANDS = {
    "ndarray": ("ArrayLike", "ndarray"),
    "Variable": ("ArrayLike", "ndarray"),
    "_Array": ("_Array | Number", "_Array"),
}
SPECIAL = {
    "__len__": "(self) -> builtins.int",
    "__contains__": "(self, value: ArrayLike, /) -> builtins.bool",
    "__bool__": "(self) -> builtins.bool",
    "__int__": "(self) -> builtins.int",
    "__float__": "(self) -> builtins.float",
    "__complex__": "(self) -> builtins.complex",
    "__index__": "(self) -> builtins.int",
    "__trunc__": "(self) -> builtins.int",
    "__exit__": "(self, *exception: builtins.object) -> None",
    "__enter__": "(self) -> None",
    "__array__": "(self, dtype: Any = None, *, copy: builtins.bool | None = None) -> Any",
    "__copy__": "(self) -> Self",
    "__deepcopy__": "(self, memo: Any = None, /) -> Self",
    "__format__": "(self, spec: builtins.str, /) -> builtins.str",
    "__dlpack__": (
        "(self, /, *, stream: Any = None, max_version: tuple[builtins.int, builtins.int] | None = None, "
        "dl_device: tuple[Any, builtins.int] | None = None, copy: builtins.bool | None = None) -> Any"
    ),
    "__dlpack_device__": "(self) -> tuple[builtins.int, builtins.int]",
    "__array_namespace__": "(self, /, *, api_version: builtins.str | None = None) -> Any",
    "__buffer__": "(self, flags: builtins.int, /) -> memoryview",
    "ndarray.__iter__": "(self) -> Iterator[ndarray]",
    "flatiter.__iter__": "(self) -> Self",
    "flatiter.__next__": "(self) -> ndarray",
    "_Array.__iter__": "(self) -> Iterator[_Array]",
    "ndarray.__getitem__": "(self, key: Index | tuple[Index, ...], /) -> ndarray",
    "Variable.__getitem__": "(self, key: Index | tuple[Index, ...], /) -> ndarray",
    "flatiter.__getitem__": "(self, key: Index, /) -> ndarray",
    "_At.__getitem__": "(self, key: Index | tuple[Index, ...], /) -> _AtItem",
    "_Array.__getitem__": "(self, key: Index | tuple[Index, ...] | _Array, /) -> _Array",
    "Variable.__getattr__": "(self, name: builtins.str, /) -> Any",
    "ndarray.__round__": "(self, decimals: SupportsIndex | None = None) -> Any",
}

# --- named tuples, where they are

NAMED_TUPLES = {
    "": {
        "UniqueAllResult": "values indices inverse_indices counts",
        "UniqueCountsResult": "values counts",
        "UniqueInverseResult": "values inverse_indices",
    },
    "linalg": {
        "EigResult": "eigenvalues eigenvectors",
        "EighResult": "eigenvalues eigenvectors",
        "QRResult": "Q R",
        "SVDResult": "U S Vh",
        "SlogdetResult": "sign logabsdet",
    },
}

# --- calls of ufuncs, by the numbers of their arguments and results

UFUNC_KEYWORDS = (
    "out: None = None, *, where: ArrayLike = True, casting: Casting = 'same_kind', order: Order = 'K', "
    "dtype: DTypeLike | None = None, subok: builtins.bool = True, signature: builtins.str | tuple[Any, ...] | None = None"
)
GUFUNC_KEYWORDS = (
    "out: None = None, *, casting: Casting = 'same_kind', order: Order = 'K', dtype: DTypeLike | None = None, "
    "subok: builtins.bool = True, signature: builtins.str | tuple[Any, ...] | None = None, "
    "axes: Sequence[Any] | None = None, axis: SupportsIndex | None = None, keepdims: builtins.bool = False"
)

# --- the strict namespace

STRICT_PARAMETERS = {
    "_Array": "x condition indices sorter",
    "_Array | Number": "x1 x2 prepend append fill_value start stop step min max",
    "Sequence[_Array]": "",
    "_Array | SupportsDLPack | Buffer | Number | Sequence[Any]": "obj",
    "ShapeLike": "shape shapes",
    "Sequence[SupportsIndex]": "axes s repetitions",
    "AxesLike": "axis shift source destination",
    "SupportsIndex": "n k num n_rows n_cols offset",
    "DType": "dtype",
    "Device": "device",
    "builtins.bool": (
        "copy keepdims descending stable upper full_matrices include_initial invert endpoint boolean_indexing "
        "data_dependent_shapes"
    ),
    "builtins.float": "correction d",
    "builtins.float | _Array": "rtol",
    "builtins.float | Literal['fro', 'nuc']": "ord",
    "Literal['backward', 'ortho', 'forward']": "norm",
    "Literal['left', 'right']": "side",
    "None": "stream",
    "Literal['xy', 'ij']": "indexing",
    "Literal['reduced', 'complete']": "mode",
    "DType | _Array": "type from_",
    "DType | _Array | Number": "arrays_and_dtypes",
    "DType | builtins.str | tuple[DType | builtins.str, ...]": "kind",
    "builtins.str": "api_version",
    "Collection[builtins.str]": "enabled_extensions",
    "DType ": "to",
}
STRICT_PARAMETERS_OF = {
    "Sequence[_Array] | _Array": "concat.arrays stack.arrays",
    "_Array": "meshgrid.arrays broadcast_arrays.arrays",
    "SupportsDLPack": "from_dlpack.x",
    "Any": "from_dlpack.device",
    "builtins.bool | None": "asarray.copy reshape.copy from_dlpack.copy",
    "SupportsIndex | tuple[Sequence[SupportsIndex], Sequence[SupportsIndex]]": "tensordot.axes",
    "SupportsIndex | _Array": "repeat.repeats",
}
