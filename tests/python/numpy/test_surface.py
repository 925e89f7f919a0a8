"""Every name of NumPy's and of ndarray's surface exists, or is listed here with the reason why not."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import tnp

NAMES = list(csv.DictReader((Path(__file__).parents[2] / "data" / "surface_names.csv").open()))

MISSING = {
    "numpy.longdouble": "there are no floats of 80 bits",
    "ndarray.__tf_tracing_type__": "TensorFlow's tracing; tnp.function reads arrays' types itself",
    "ndarray.name": "TensorFlow's graphs name tensors; arrays have no names",
    "ndarray.__array_finalize__": "a hook of NumPy's for subclasses that share memory",
    "ndarray.__array_function__": "NumPy's functions take tnp's arrays through __array__ and give NumPy's",
    "ndarray.__array_struct__": "NumPy would take bfloat16 for bytes: it asks for this before __array__",
    "ndarray.__array_ufunc__": "with it NumPy's operators would no longer leave arrays of both kinds to tnp's",
    "ndarray.__array_wrap__": "with it NumPy's functions would give tnp's arrays",
}


def found(namespace: str, name: str) -> bool:
    """Whether a name is there; a dotted one is an attribute of an object."""
    owner: Any = tnp if namespace == "numpy" else tnp.ndarray
    for part in name.split("."):
        if not hasattr(owner, part):
            return False
        owner = getattr(owner, part)
    return True


@pytest.mark.parametrize("row", NAMES, ids=lambda r: f"{r['namespace']}.{r['name']}")
def test_name_exists(row: dict[str, str]) -> None:
    """Or is listed; what is listed and exists nevertheless has to leave the list."""
    full_name = f"{row['namespace']}.{row['name']}"
    assert found(row["namespace"], row["name"]) != (full_name in MISSING), MISSING.get(full_name, "missing")


@pytest.mark.parametrize(
    "row", [r for r in NAMES if r["kind"] in ("function", "method", "class")], ids=lambda r: r["name"]
)
def test_has_documentation(row: dict[str, str]) -> None:
    """Each function says what it does."""
    if f"{row['namespace']}.{row['name']}" in MISSING or row["name"] in ("ndarray", "__hash__"):
        return
    owner: Any = tnp if row["namespace"] == "numpy" else tnp.ndarray
    for part in row["name"].split("."):
        owner = getattr(owner, part)
    assert owner.__doc__, row["name"]


def test_the_list_names_what_is_in_the_surface() -> None:
    """No entry is left over."""
    names = {f"{r['namespace']}.{r['name']}" for r in NAMES}
    assert set(MISSING) <= names
