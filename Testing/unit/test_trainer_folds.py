import pytest

from deepasl.errors import InputError
from deepasl_trainer.people.folds import into_folds, leave_one_out
from deepasl_trainer.people.split import split_people

FIFTEEN = tuple(f"labels_{n:02d}" for n in range(1, 16))


@pytest.mark.parametrize(("count", "validation"), [(2, 1), (4, 2), (5, 1), (14, 3), (15, 1)])
def test_everybody_is_tested_on_once_and_nobody_is_in_two_groups(count: int, validation: int) -> None:
    folds = into_folds(FIFTEEN, count, validation)
    assert len(folds) == count
    assert [name for fold in folds for name in fold.test] == list(FIFTEEN)
    sizes = [len(fold.test) for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    for fold in folds:
        split = split_people(FIFTEEN, fold)
        assert len(split.validation) == validation
        assert sorted((*split.training, *split.validation, *split.test)) == list(FIFTEEN)


def test_as_many_folds_as_people_leave_one_out() -> None:
    assert into_folds(FIFTEEN, 15, 2) == leave_one_out(FIFTEEN, 2)


@pytest.mark.parametrize(
    ("people", "count", "validation", "told"),
    [
        (1, 5, 1, "there is only labels_01"),
        (3, 5, 1, "3 people cannot be divided into 5 folds"),
        (4, 2, 2, "nobody is left to train on"),
        (5, 0, 1, "cannot be divided into 0 folds"),
    ],
)
def test_folds_that_cannot_be_are_refused(people: int, count: int, validation: int, told: str) -> None:
    with pytest.raises(InputError, match=told):
        into_folds(FIFTEEN[:people], count, validation)
