"""What a chunk takes: weights of every member, activations of those that are computed at the same time."""

from shoal.population.memory import chunk_bytes
from small_studies import blobs, images, plan_of

FLOAT, COPIES, SLOTS = 4, 4, 3  # bytes; of every activation; weights, gradients and a working copy


def test_members_of_image_networks_that_wait_for_a_core_hold_weights_alone(monkeypatch):
    monkeypatch.setattr("shoal.population.vmap_groups.os.cpu_count", lambda: 2)
    network = {"hidden": None, "layers": [{"conv": 2, "kernel": 3}, "tanh"]}
    (program,) = plan_of(images(), network=network).programs
    more = chunk_bytes(program, 8, 1) - chunk_bytes(program, 4, 1)
    assert more == FLOAT * SLOTS * 4 * program.parameters
    assert chunk_bytes(program, 2, 1) - chunk_bytes(program, 1, 1) > FLOAT * SLOTS * program.parameters


def test_members_of_fully_connected_networks_are_computed_together():
    (program,) = plan_of().programs
    more = chunk_bytes(program, 8, 1) - chunk_bytes(program, 4, 1)
    activations = COPIES * program.batches.size * (4 + 4 + 3)
    assert more == FLOAT * 4 * (SLOTS * program.parameters + activations)


def test_the_health_probe_is_counted_where_it_is_larger_than_a_batch():
    def bytes_of(health, cells=2, seeds=1):
        (program,) = plan_of(blobs(), record={"points": 2, "health": health}).programs
        return chunk_bytes(program, cells, seeds)

    assert bytes_of({"examples": 10}) == bytes_of(False)  # as large as a batch
    assert bytes_of({"examples": 30}) - bytes_of(False) == FLOAT * COPIES * 2 * (30 - 10) * (4 + 4 + 3)
    assert bytes_of({"examples": 999}) == bytes_of({"examples": 40})  # the training split has no more
    assert bytes_of({"examples": 30}, seeds=3) == bytes_of(False, seeds=3)  # a row is probed at a time
