"""How a plan's work is handed out."""

from shoal.population.plan import units_of
from small_studies import plan_of


def indices(units):
    return [[chunk.index for chunk in unit] for unit in units]


def test_a_team_is_a_unit():
    plan = plan_of(vary={"network.hidden": [[4], [6]], "training.steps": [6, 8], "seed": 2})
    assert indices(units_of(plan, slots=2)) == indices(plan.teams)
    assert sorted(len(unit) for unit in units_of(plan, slots=2)) == [2, 2]


def test_members_of_a_full_batch_program_come_in_a_few_units_for_each_worker():
    training = {"optimizer": "cg", "iterations": 2, "steps": None, "batch_size": None, "learning_rate": None}
    plan = plan_of(training=training, vary={"seed": 20})
    assert [len(unit) for unit in units_of(plan, slots=2)] == [3, 3, 3, 3, 3, 3, 2]
    assert [len(unit) for unit in units_of(plan, slots=100)] == [1] * 20
