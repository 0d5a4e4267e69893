"""docs/mistakes explains every mistake of the catalogue; its wrong lines are diagnosed as what they are."""

from __future__ import annotations

import re

import numpy as np
import pytest

import mistake_pages as pages
from mistake_pages import FOLDER, ROOT, Section
from shoal.doctor.catalogue import BY_KIND, CATALOGUE, OF_THE_WHOLE
from shoal.doctor.diagnose import diagnose
from shoal.gradients.networks.point import draw_point
from shoal.layers import (
    GELU,
    AveragePool,
    BatchNorm,
    Convolution,
    GlobalAveragePool,
    HeNormal,
    LeakyReLU,
    MaxPool,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    SiLU,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
)
from shoal.network import compose, compose_layers

MISTAKES = [*(m for own in BY_KIND.values() for m in own), *OF_THE_WHOLE]
SECTIONS = pages.sections()
IDS = [f"{section.file}-{section.name}" for section in SECTIONS]
KINDS = {  # of the listings on each page, in order
    "affine": ["affine"],
    "l2": ["affine", "batch_norm", "all"],
    "loss": ["softmax_cross_entropy", "sigmoid_cross_entropy", "squared_error", "affine"],
    "relu": ["relu"],
    "leaky-relu": ["leaky_relu"],
    "sigmoid": ["sigmoid"],
    "tanh": ["tanh"],
    "gelu": ["gelu"],
    "silu": ["silu"],
    "batch-norm": ["batch_norm", "batch_norm"],
    "dropout": ["dropout"],
    "convolution": ["convolution"],
    "pooling": ["average_pool", "max_pool", "global_average_pool"],
}
IMAGES = {
    "convolution": Convolution(2, 3, stride=2, padding=1),
    "average_pool": AveragePool(3, stride=2, padding=1),
    "max_pool": MaxPool(3, stride=2, padding=1),
    "global_average_pool": GlobalAveragePool(),
}
L2 = 0.01
ACTIVATIONS = {
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(0.1),
    "sigmoid": Sigmoid(2.0),
    "tanh": Tanh(),
    "gelu": GELU(),
    "silu": SiLU(),
}
LOSSES = {"sigmoid_cross_entropy": SigmoidCrossEntropy(), "squared_error": SquaredError()}


def test_every_mistake_has_its_section() -> None:
    there = {f"docs/mistakes/{section.file}.md#{section.name}" for section in SECTIONS}
    assert {mistake.page for mistake in MISTAKES} == there
    assert len(SECTIONS) == len(there)


def test_headings_are_anchors_and_catalogued_names() -> None:
    for path in FOLDER.glob("*.md"):
        headings = re.findall(
            r"^(#+) (.+)$", re.sub(r"^```.*?^```", "", path.read_text(), flags=re.S | re.M), re.M
        )
        assert [marks for marks, _ in headings].count("#") == 1
        assert not [name for marks, name in headings if marks != "#" and name not in CATALOGUE]


def test_every_link_leads_somewhere() -> None:
    for path in FOLDER.glob("*.md"):
        for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]+))?\)", path.read_text()):
            if "://" in target:
                continue
            page = (path.parent / target).resolve() if target else path
            assert page.exists(), f"{path.name} -> {target}"
            if anchor:
                assert f"\n## {anchor}\n" in page.read_text(), f"{path.name} -> {target}#{anchor}"


def test_the_index_lists_every_mistake() -> None:
    text = (FOLDER / "README.md").read_text()
    linked = set(re.findall(r"^\| \[([\w-]+)\]\(([\w-]+\.md#[\w-]+)\) \| .+ \|$", text, flags=re.MULTILINE))
    assert linked == {(m.name, m.page.removeprefix("docs/mistakes/")) for m in MISTAKES}
    assert "mistakes/README.md" in (ROOT / "docs" / "doctor.md").read_text()


@pytest.mark.parametrize("section", SECTIONS, ids=IDS)
def test_sections_have_all_their_parts(section: Section) -> None:
    for part in (r"^\*\*.+\*\*", r"^Why: ", r"^Shows: ", r"^Remedy: "):
        assert re.search(part, section.text, flags=re.MULTILINE), part
    assert section.diffs


def _network(kind: str):
    if kind in IMAGES:
        layers = [Convolution(2, 3), Tanh(), IMAGES[kind]]
        return compose_layers((9, 9, 1), 6, layers, SoftmaxCrossEntropy())
    return compose(
        (6,),
        6,
        hidden=[6, 6, 6],
        activation=ACTIVATIONS.get(kind, Tanh()),
        batch_norm=BatchNorm() if kind == "batch_norm" else None,
        dropout=0.4 if kind in ("dropout", "affine-dropout") else None,
        initial=HeNormal(),
        loss=LOSSES.get(kind, SoftmaxCrossEntropy()),
    )


def _diagnosed(kind: str, code: list[str], name: str = ""):
    network = _network("affine-dropout" if name == "input-before-dropout" else kind)
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((12, *network.shapes[0])), rng.integers(0, 6, 12)
    point = draw_point(network, x, network.loss.targets_from_labels(y, 6, x), L2, seed=1)
    own = [n for n in network.names if n.startswith(kind)]
    at = own[len(own) // 2] if own else "all" if kind == "all" else network.loss.kind
    if name.endswith("-at-zero"):
        before = point.parameters[f"affine_{own.index(at) + 1}"]
        before["W"][:, 0] = before["b"][0] = 0.0
    if name.startswith("max-pool-tie"):  # a map that is the same everywhere
        point.parameters["convolution_1"]["W"][..., 0] = 0.0
    gradients = pages.gradients_with(network, L2, code, at, sets=kind == "dropout")
    extra = {"noise": point.noise} if point.noise else {}
    with np.errstate(all="ignore"):
        return diagnose(network, L2, point.parameters, x, y, gradients, **extra)


@pytest.mark.parametrize("file", KINDS)
def test_the_right_code_is_right(file: str) -> None:
    for listing, kind in zip(pages.listings(file), KINDS[file], strict=True):
        assert _diagnosed(kind, listing).blocks
        assert _diagnosed(kind, listing).ok


@pytest.mark.parametrize(
    ("section", "wrong", "right"),
    [(s, *diff) for s in SECTIONS if s.file in KINDS for diff in s.diffs],
    ids=lambda value: value.name if isinstance(value, Section) else "",
)
def test_the_wrong_code_is_diagnosed(section: Section, wrong: list[str], right: list[str]) -> None:
    found = [(pages.spoilt(listing, wrong, right), kind) for listing, kind in _listings(section)]
    programs = [(code, kind) for code, kind in found if code is not None and _can_be_made(section.name, kind)]
    assert programs, f"no listing of {section.file} has the lines {right}"
    for code, kind in programs:
        diagnosis = _diagnosed(kind, code, section.name)
        assert [cause.mistake.name for cause in diagnosis.causes] == [section.name]


def _can_be_made(name: str, kind: str) -> bool:
    return name in {mistake.name for mistake in (*BY_KIND.get(kind, ()), *OF_THE_WHOLE)}


def _listings(section: Section):
    return zip(pages.listings(section.file), KINDS[section.file], strict=True)


@pytest.mark.parametrize("section", [s for s in SECTIONS if s.file == "network"], ids=lambda s: s.name)
def test_the_wrong_network_is_diagnosed(section: Section) -> None:
    (listing,), ((wrong, right),) = pages.listings("network"), section.diffs
    code = pages.spoilt(listing, wrong, right)
    assert code is not None
    causes = {cause.mistake.name for cause in _of_class(code).causes}
    assert section.name in causes
    assert causes <= {section.name, "bias-missing"}


def test_the_right_network_is_right() -> None:
    assert _of_class(pages.listings("network")[0]).ok


def _of_class(code: list[str]):
    """The diagnosis of the class on the network's page, which has seen its first batch before."""
    names: dict = {"np": np}
    exec("\n".join(code), names)
    network = _network("tanh")
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((12, 6)), rng.integers(0, 6, 12)
    point = draw_point(network, x, y, L2, seed=1)
    net = names["Net"]([], [], L2)

    def hand(parameters) -> None:
        net.W, net.b = ([own[key] for own in parameters.values()] for key in "Wb")

    def gradients(parameters, x, y):
        hand(parameters)
        if not net.dW:
            net.__init__(net.W, net.b, L2)
        dW, db = net.gradients(x, np.eye(6)[y])
        return {name: {"W": w, "b": b} for name, w, b in zip(parameters, dW, db, strict=True)}

    hand(point.parameters)
    net.forward(x, np.eye(6)[y])
    return diagnose(network, L2, point.parameters, x, y, gradients)
