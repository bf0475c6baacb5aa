"""Django's ORM (with psycopg2): migrations, the schema editor, models, transactions, introspection."""

import datetime
import decimal
import os
import uuid

import django
from django.apps import AppConfig
from django.conf import settings

from transcript import LANE, main, show



class Library(AppConfig):
    name, label = "__main__", "library"


settings.configure(
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": os.environ.get("PGDATABASE"),
        "USER": os.environ.get("PGUSER"), "PASSWORD": os.environ.get("PGPASSWORD"),
        "HOST": os.environ.get("PGHOST"), "PORT": os.environ.get("PGPORT"), "CONN_MAX_AGE": None,
        "OPTIONS": {"options": f"-c search_path={LANE}"}}},
    INSTALLED_APPS=["__main__.Library", "django.contrib.contenttypes", "django.contrib.auth",
                    "django.contrib.sessions"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True, TIME_ZONE="Europe/Berlin",
    SECRET_KEY="not one")
django.setup()

from django.contrib.auth.models import Group, User
from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.fields import ArrayField, IntegerRangeField
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Count, F, Q, Sum, Window
from django.db.models.functions import Rank
from django.utils import timezone


class Author(models.Model):
    name = models.CharField(max_length=40, unique=True)
    tags = ArrayField(models.TextField(), default=list)
    span = IntegerRangeField(null=True)
    extra = models.JSONField(default=dict)
    key = models.UUIDField(default=uuid.uuid4)
    born = models.DateTimeField(null=True)
    photo = models.BinaryField(default=b"")

    class Meta:
        app_label = "library"


class Book(models.Model):
    title = models.TextField(db_index=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=decimal.Decimal("9.99"))
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    pages = models.PositiveIntegerField(null=True)

    class Meta:
        app_label = "library"
        constraints = [models.CheckConstraint(check=Q(price__gte=0), name="price_is_not_negative")]


class Item(models.Model):
    id = models.IntegerField(primary_key=True)
    name = models.TextField()

    class Meta:
        app_label = "library"
        db_table = "items"


def error_of(action):
    """What went wrong: Django's class and the server's code."""
    try:
        with transaction.atomic():
            action()
    except DatabaseError as error:
        show(type(error).__name__, error.__cause__.pgcode, str(error).splitlines()[0])
    else:
        show("no error")


def migrating():
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {LANE} CASCADE")
        cursor.execute(f"CREATE SCHEMA {LANE}")
    call_command("migrate", verbosity=0)
    call_command("migrate", "auth", "0005", verbosity=0)
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Author)
        editor.create_model(Book)
    show(sorted(connection.introspection.table_names()))
    show(connection.pg_version, connection.is_usable())


def contrib():
    user = User.objects.create_user("ada", password="x")
    group, made = Group.objects.get_or_create(name="writers")
    user.groups.add(group)
    show(user.pk, made, Group.objects.get_or_create(name="writers")[1], user.groups.count())
    show(User.objects.filter(groups__name="writers").values_list("username", flat=True)[0])
    show(user.has_perm("auth.add_user"), user.check_password("x"))
    Session.objects.create(session_key="k", session_data="d", expire_date=timezone.now())
    show(Session.objects.count())


def models_and_queries():
    moment = datetime.datetime(1815, 12, 10, tzinfo=datetime.timezone.utc)
    for name in ("Ada", "Grace", "Barbara"):
        author = Author.objects.create(name=name, tags=[name, "ü"], extra={"a": [1, None]},
                                       born=moment, span=(1, 5), photo=bytes(range(256)))
        show(author.pk)
        Book.objects.bulk_create(Book(title=f"{name} {i}", author=author, pages=i * 100)
                                 for i in range(40))
    ada = Author.objects.get(name="Ada")
    show(ada.tags, ada.extra, ada.span, ada.born == moment, bytes(ada.photo) == bytes(range(256)))
    show(Author.objects.filter(tags__contains=["ü"], extra__a__0=1).count())
    show(list(Author.objects.annotate(n=Count("books"), pages=Sum("books__pages"))
              .order_by("name").values_list("name", "n", "pages")))
    show(list(Book.objects.annotate(rank=Window(Rank(), partition_by="author", order_by=F("pages").desc()))
              .order_by("author__name", "rank").values_list("title", "rank")[:3]))
    show(Author.objects.aggregate(names=ArrayAgg("name", ordering="name")))
    show([(b.title, b.author.name) for b in Book.objects.select_related("author").order_by("id")[:2]])
    show([len(a.books.all()) for a in Author.objects.prefetch_related("books")])
    show(Book.objects.filter(pages__gt=3000).update(price=F("price") + 1))
    book = Book.objects.latest("id")
    book.title = "changed"
    book.save(update_fields=["title"])
    book.refresh_from_db()
    show(book.title, book.price)
    show(Author.objects.update_or_create(name="Ada", defaults={"tags": []})[1])
    show(Book.objects.bulk_create([Book(title="x", author=ada)])[0].pk)
    show(sum(1 for _ in Book.objects.order_by("id").iterator(chunk_size=20)))  # a server-side cursor
    show(Book.objects.filter(author=ada).delete()[0], Author.objects.in_bulk([ada.pk])[ada.pk].name)


def transactions():
    with transaction.atomic():
        Author.objects.create(name="Kept")
        error_of(lambda: Author.objects.create(name="Kept"))
        sid = transaction.savepoint()
        Author.objects.create(name="Lost")
        transaction.savepoint_rollback(sid)
        transaction.on_commit(lambda: show("committed"))
    show(list(Author.objects.order_by("name").values_list("name", flat=True)))
    error_of(lambda: Book.objects.create(title="x", author_id=9999))
    error_of(lambda: Book.objects.create(title="x", author=Author.objects.first(), price=-1))
    with transaction.atomic():
        show(Author.objects.select_for_update().get(name="Kept").name)
        show(Author.objects.select_for_update(skip_locked=True).filter(name="Kept").count())
    try:
        with transaction.atomic():
            Author.objects.create(name="Never")
            raise KeyError
    except KeyError:
        show(Author.objects.filter(name="Never").exists())


def raw():
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::int + 1", [41])
        show(cursor.fetchone())
        cursor.executemany("INSERT INTO library_author (name, tags, extra, key, photo)"
                           " VALUES (%s, '{}', '{}', gen_random_uuid(), '')", [["m1"], ["m2"]])
        cursor.execute("SHOW timezone")
        show(cursor.fetchone())
    show([a.name for a in Author.objects.raw("SELECT * FROM library_author WHERE name LIKE 'm%%' ORDER BY name")])
    error_of(lambda: Author.objects.raw("SELECT nonsense")[0])


def introspection():
    with connection.cursor() as cursor:
        get = connection.introspection
        show([(c.name, get.get_field_type(c.type_code, c), c.null_ok) for c in
              get.get_table_description(cursor, "library_book")])
        show(sorted(get.get_relations(cursor, "library_book").items()))
        show(sorted((name, c["columns"], c["primary_key"], c["unique"], c["check"], c["index"])
                    for name, c in get.get_constraints(cursor, "library_book").items()
                    if "fk" not in name and "_idx" not in name and "like" not in name
                    and not name.startswith("library_book_author") and "title" not in name))
        show(get.get_sequences(cursor, "library_book"))
    with connection.schema_editor() as editor:
        field = models.TextField(default="none")
        field.set_attributes_from_name("nick")
        editor.add_field(Author, field)
        editor.remove_field(Author, field)
        editor.delete_model(Book)
        editor.delete_model(Author)
    call_command("flush", verbosity=0, interactive=False)
    show(User.objects.count())


# --- Over two shards ----------------------------------------------------------------


def by_key():
    for i in range(20):
        Item.objects.bulk_create([Item(id=i, name=f"item {i}")])
    for i in range(20):
        show(Item.objects.get(id=i).name)
    show(Item.objects.filter(id=3).update(name="new"), Item.objects.filter(id=3).delete()[0])


def scattered():
    show(sorted(item.id for item in Item.objects.all()))
    show(sorted(item.id for item in Item.objects.filter(id__in=[1, 2, 5])))


def on_one_shard():
    item = Item.objects.get(id=5)
    try:
        with transaction.atomic():
            item.name = "mine"
            item.save()
            show(Item.objects.get(id=5).name)
            raise KeyError
    except KeyError:
        show(Item.objects.get(id=5).name)


main([migrating, contrib, models_and_queries, transactions, raw, introspection],
     [by_key, scattered, on_one_shard])
