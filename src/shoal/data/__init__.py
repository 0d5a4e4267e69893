"""What goes into a network: data sets in their publishers' formats, splits and scalings."""

from __future__ import annotations

from shoal.data.dataset import Dataset as Dataset
from shoal.data.dataset import Part as Part
from shoal.data.dataset import check_dataset as check_dataset
from shoal.data.published.load import load as load
from shoal.data.scaling import PrincipalComponents as PrincipalComponents
from shoal.data.scaling import Scaling as Scaling
from shoal.data.scaling import fit_pca as fit_pca
from shoal.data.scaling import fit_scaling as fit_scaling
from shoal.data.split import Splits as Splits
from shoal.data.split import split as split

__all__ = [
    "Dataset",
    "Part",
    "PrincipalComponents",
    "Scaling",
    "Splits",
    "check_dataset",
    "fit_pca",
    "fit_scaling",
    "load",
    "split",
]
