"""Studies of the tests keep their compiled programs in a folder of their own."""

import pytest

from shoal.training.runtime import keep_compiled_programs


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOAL_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        keep_compiled_programs()
        yield
