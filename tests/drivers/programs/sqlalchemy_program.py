"""SQLAlchemy with its default driver (psycopg2) and with asyncpg: Core, ORM, reflection, migrations."""

import asyncio
import datetime
import enum
import os
import uuid

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import create_async_engine

from transcript import LANE, main, show

URL = sa.engine.URL.create(
    "postgresql", os.environ.get("PGUSER"), os.environ.get("PGPASSWORD"), os.environ.get("PGHOST"),
    int(os.environ.get("PGPORT", 0)), os.environ.get("PGDATABASE"))
engine = sa.create_engine(URL, pool_size=2, max_overflow=0, pool_use_lifo=True,
                          connect_args={"options": f"-c search_path={LANE}"})
Base = orm.declarative_base()


class Mood(enum.Enum):
    sad = 1
    happy = 2


class Author(Base):
    __tablename__ = "authors"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(40), nullable=False, unique=True)
    mood = sa.Column(sa.Enum(Mood))
    tags = sa.Column(pg.ARRAY(sa.String))
    extra = sa.Column(pg.JSONB)
    key = sa.Column(pg.UUID(as_uuid=True))
    born = sa.Column(sa.DateTime(timezone=True))
    version = sa.Column(sa.Integer, nullable=False)
    books = orm.relationship("Book", back_populates="author", cascade="all, delete-orphan")
    __mapper_args__ = {"version_id_col": version}


class Book(Base):
    __tablename__ = "books"
    id = sa.Column(sa.BigInteger, sa.Identity(), primary_key=True)
    title = sa.Column(sa.Text, index=True)
    price = sa.Column(sa.Numeric(8, 2), server_default="9.99")
    author_id = sa.Column(sa.ForeignKey("authors.id", ondelete="CASCADE"))
    author = orm.relationship(Author, back_populates="books")


def error_of(action, *arguments):
    """What went wrong: SQLAlchemy's class and the server's code."""
    try:
        action(*arguments)
    except sa.exc.DBAPIError as error:
        show(type(error).__name__, error.orig.pgcode, str(error.orig).splitlines()[0])
    else:
        show("no error")


def create_all():
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {LANE} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {LANE}")
    Base.metadata.create_all(engine)
    Base.metadata.create_all(engine)  # looks first
    show(engine.dialect.server_version_info, engine.dialect.default_schema_name)


def sessions():
    with orm.Session(engine) as session:
        for name in ("Ada", "Grace", "Barbara"):
            author = Author(name=name, mood=Mood.happy, tags=[name, "ü"], extra={"a": [1, None]},
                            key=uuid.UUID(int=7),
                            born=datetime.datetime(1900, 1, 1, tzinfo=datetime.timezone.utc))
            author.books = [Book(title=f"{name} {i}") for i in range(3)]
            session.add(author)
        session.flush()
        show([author.id for author in session.query(Author).order_by(Author.id)])
        session.commit()
    with orm.Session(engine) as session:
        ada = session.query(Author).filter_by(name="Ada").one()
        show(ada.mood, ada.tags, ada.extra, ada.key, ada.born.astimezone(datetime.timezone.utc))
        show([(b.title, b.price) for b in sorted(ada.books, key=lambda b: b.id)])
        ada.name = "Ada L."
        session.commit()
        show(ada.version)
        eager = session.query(Author).options(orm.selectinload(Author.books)).order_by(Author.name)
        show([(a.name, len(a.books)) for a in eager])
        joined = session.execute(sa.select(Author.name, sa.func.count(Book.id)).join(Book)
                                 .group_by(Author.name).order_by(Author.name)).all()
        show([tuple(row) for row in joined])
        session.delete(ada)
        session.commit()
        show(session.query(Book).count())


def conflicts():
    with orm.Session(engine) as session:
        session.add(Author(name="Grace"))
        error_of(session.flush)
        session.rollback()
        with session.begin_nested():
            session.add(Author(name="Kept"))
        nested = session.begin_nested()
        session.add(Author(name="Lost"))
        session.flush()
        nested.rollback()
        session.commit()
        show([name for name, in session.query(Author.name).order_by(Author.name)])
    with orm.Session(engine) as one, orm.Session(engine) as two:
        mine = one.query(Author).filter_by(name="Grace").one()
        theirs = two.query(Author).filter_by(name="Grace").one()
        theirs.mood = Mood.sad
        two.commit()
        mine.tags = ["stale"]
        try:
            one.commit()
        except orm.exc.StaleDataError:
            show("stale")
        one.rollback()
        show(one.query(Author).filter_by(name="Grace").with_for_update().one().mood)


def core():
    table = Book.__table__
    with engine.begin() as connection:
        result = connection.execute(table.insert().values(title="one").returning(table.c.title))
        show(result.scalar())
        show(connection.execute(table.insert(), [{"title": f"many {i}"} for i in range(100)]).rowcount)
        statement = pg.insert(Author.__table__).values(name="Grace", version=9)
        connection.execute(statement.on_conflict_do_update(
            index_elements=["name"], set_={"version": statement.excluded.version}))
        show(connection.execute(sa.select(Author.version).where(Author.name == "Grace")).scalar())
    with engine.connect().execution_options(stream_results=True, max_row_buffer=10) as connection:
        show(sum(1 for _ in connection.execute(sa.select(table))))
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        show(connection.get_isolation_level(),
             connection.exec_driver_sql("SHOW transaction_isolation").scalar())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM authors")
    with engine.connect().execution_options(postgresql_readonly=True) as connection, connection.begin():
        error_of(connection.execute, table.insert().values(title="no"))
    with engine.connect() as connection:
        show(connection.execute(sa.text("SELECT :a + 1"), {"a": 41}).scalar())
        for name in ("nothing", "1/0"):
            error_of(connection.exec_driver_sql, f"SELECT {name}")
    show(engine.pool.checkedout())


def reflection():
    inspector = sa.inspect(engine)
    show(inspector.get_table_names(schema=LANE))
    show([(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in
          inspector.get_columns("authors", schema=LANE)])
    show([(c["name"], c.get("identity", {}).get("always")) for c in
          inspector.get_columns("books", schema=LANE)])
    show(inspector.get_pk_constraint("books", schema=LANE))
    show([(f["constrained_columns"], f["referred_table"], f["options"]) for f in
          inspector.get_foreign_keys("books", schema=LANE)])
    show(inspector.get_indexes("books", schema=LANE), inspector.get_unique_constraints("authors", schema=LANE))
    show([(e["name"], e["labels"]) for e in inspector.get_enums(schema=LANE)])
    metadata = sa.MetaData()
    metadata.reflect(engine, schema=LANE)
    show(sorted(metadata.tables))


def two_phase():
    with engine.connect() as connection:
        transaction = connection.begin_twophase(f"{LANE}-sqlalchemy")
        connection.execute(Book.__table__.insert().values(title="two-phase"))
        transaction.prepare()
        show(f"{LANE}-sqlalchemy" in connection.recover_twophase())
        transaction.commit()
        show(connection.execute(sa.select(sa.func.count()).where(Book.title == "two-phase")).scalar())


def by_asyncpg():
    async def work():
        other = create_async_engine(URL.set(drivername="postgresql+asyncpg"), connect_args={
            "server_settings": {"search_path": LANE, "pgbraid.consistency": "strong"}})
        async with other.begin() as connection:
            for i in range(8):
                show((await connection.execute(sa.select(Author.name).where(Author.name != f"{i}")
                                               .order_by(Author.name))).scalars().all())
        async with other.connect() as connection:
            result = await connection.stream(sa.select(Book.title).order_by(Book.id))
            show(len([row async for row in result]))
        await other.dispose()
    asyncio.run(work())


def drop_all():
    Base.metadata.drop_all(engine)
    show(sa.inspect(engine).get_table_names(schema=LANE))
    engine.dispose()


# --- Over two shards ----------------------------------------------------------------


class Item(orm.declarative_base()):
    __tablename__ = "items"
    id = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
    name = sa.Column(sa.Text)


def by_key():
    with orm.Session(engine) as session:
        for i in range(20):
            session.add(Item(id=i, name=f"item {i}"))
            session.commit()
        for i in range(20):
            show(session.get(Item, i).name)
            session.rollback()


def scattered():
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        show(sorted(row.id for row in connection.execute(sa.select(Item.__table__))))
        show(sorted(row.id for row in connection.execute(
            sa.select(Item.__table__).where(Item.id.in_([1, 2, 5])))))


def on_one_shard():
    with orm.Session(engine) as session:
        item = session.get(Item, 5)
        item.name = "mine"
        session.flush()
        show(session.execute(sa.select(Item.name).where(Item.id == 5)).scalar())
        session.rollback()
        show(session.get(Item, 5).name)


main([create_all, sessions, conflicts, core, reflection, two_phase, by_asyncpg, drop_all],
     [by_key, scattered, on_one_shard])
