# SPDX-License-Identifier: GPL-2.0-only
"""What the livepatch replaces is in the distribution's drivers, as it is."""

import lzma
import pathlib
import re
import subprocess

import pytest

from conftest import output
from places import TOP


@pytest.mark.parametrize('driver', ('tun', 'tap'))
def test_functions_are_there(kernel, driver, tmp_path):
    """Under its own name: one that the compiler has given another interface
    has another name."""
    image = pathlib.Path(output('tools/kernel', 'image', kernel.release))
    (stock,) = image.glob(f'lib/modules/*/kernel/drivers/net/{driver}.ko*')
    module = stock.read_bytes()
    if stock.suffix == '.xz':
        module = lzma.decompress(module)
    (tmp_path / 'stock.ko').write_bytes(module)
    symbols = subprocess.run(['nm', tmp_path / 'stock.ko'], text=True,
                             capture_output=True, check=True).stdout
    replaced = re.findall(r'_REPLACE\((\w+)\),',
                          (TOP / f'kernel/attach/{driver}.c').read_text())
    assert len(replaced) >= 8
    found = re.findall(r' [tT] (\w+)$', symbols, re.M)
    assert {name: found.count(name) for name in replaced} == \
        dict.fromkeys(replaced, 1)


def test_is_proven(kernel):
    """One that tools/check-attach refuses is not there."""
    assert output('modinfo', '-F', 'livepatch',
                  kernel.build / 'tapdrop-attach.ko') == 'Y'


def test_every_field_is_replaced(kernel):
    """What a driver becomes has our hooks, and none of our fields."""
    for driver in ('tun', 'tap'):
        source = (kernel.build / f'src/attach/{driver}_driver.c').read_text()
        assert len(re.findall(r'(?:to|from)_user(?:_bh)?(?:_n)?\(',
                              source)) >= 20
        assert not re.search(r'->(drops|xdp_generic|had_dev|drop_queue|'
                             r'writer_queue|ring_lent|gone)\b', source)
