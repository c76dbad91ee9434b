"""Amounts with units."""

import re

import pytest

from nnspec.spec.amounts import BYTES_FORM, COUNT_FORM, amount

READ = {
    7: 7,
    2.5e6: 2_500_000,
    "12": 12,
    "500k": 500_000,
    "500K": 500_000,
    "1.5 M": 1_500_000,
    "0.1G": 100_000_000,
    "2T": 2 * 10**12,
    "300B": 300,
    "64MB": 64_000_000,
    "64MiB": 64 * 2**20,
    "1.5 KiB": 1536,
    "2kB": 2000,
    "1GiB": 2**30,
}


@pytest.mark.parametrize("written", READ)
def test_an_amount_is_read(written):
    assert amount(written) == READ[written]


@pytest.mark.parametrize("written", ["", "k", "-1k", "1e6", "1,000", "5 00k", "5kk", "1.k", "٣k", "1k\n2"])
def test_what_is_no_amount_is_refused(written):
    assert not re.search(COUNT_FORM, written)
    assert not re.search(BYTES_FORM, written)


def test_a_count_has_no_bytes_and_bytes_have_a_unit():
    assert not re.search(COUNT_FORM, "5MB")
    assert not re.search(BYTES_FORM, "5M")
