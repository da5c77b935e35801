import pytest

from deepasl.errors import InputError
from deepasl_trainer.people.split import split_people
from deepasl_trainer.training.settings import PeopleSettings

NAMES = tuple(f"person_{number}" for number in range(1, 6))


def test_no_person_is_in_two_groups() -> None:
    split = split_people(NAMES, PeopleSettings(validation=("person_2",), test=("person_4", "person_5")))
    assert split.training == ("person_1", "person_3")
    assert set(split.training).isdisjoint(split.validation + split.test)
    assert set(split.training + split.validation + split.test) == set(NAMES)


@pytest.mark.parametrize(
    ("validation", "test", "message"),
    [
        (("person_2",), ("person_2",), "two groups"),
        (("person_9",), ("person_2",), "no data of person_9"),
        (("person_1", "person_2"), ("person_3", "person_4", "person_5"), "nobody is left"),
    ],
)
def test_impossible_splits_are_refused(validation: tuple[str, ...], test: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_people(NAMES, PeopleSettings(validation, test))
