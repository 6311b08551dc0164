"""Who lives is told by a sign that changes, whatever the clocks on the wall say."""

from gan_core.store.heartbeats import SignsOfLife


def test_a_sign_that_stays_the_same_tells_for_how_long(pass_time):
    signs = SignsOfLife()
    assert signs.silent_seconds("job", ("owner", 5.0)) == 0
    pass_time(3)
    assert signs.silent_seconds("job", ("owner", 5.0)) == 3


def test_any_other_sign_is_one_of_life_even_an_earlier_one(pass_time):
    signs = SignsOfLife()
    signs.silent_seconds("job", ("owner", 5.0))
    pass_time(3)
    assert signs.silent_seconds("job", ("owner", 4.0)) == 0, "its clock was set back"
    pass_time(3)
    assert signs.silent_seconds("job", ("another owner", 4.0)) == 0


def test_who_was_gone_for_a_while_is_new(pass_time):
    signs = SignsOfLife()
    signs.silent_seconds("job", 1)
    signs.forget_all_but({"another"})
    pass_time(3)
    assert signs.silent_seconds("job", 1) == 0
