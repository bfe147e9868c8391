import pytest
from sqlalchemy.orm import Session

import portal.accounts.models
import portal.areas.models
import portal.audit.models  # noqa: F401
from portal.base.db import Base, engine_for


@pytest.fixture
def db(tmp_path):
    engine = engine_for(f"sqlite:///{tmp_path}/t.sqlite")
    Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        yield session
    engine.dispose()
