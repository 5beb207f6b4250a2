"""PowerPlatform-Dataverse-Client against Dataverse: address, credential and certificate are given, nothing is changed."""

import unittest
import uuid

from emulators import Emulators

emulators: Emulators
client = None


def setUpModule() -> None:
    global emulators, client
    emulators = Emulators("--contacts", "40", "--registrations", "5")
    from PowerPlatform.Dataverse.client import DataverseClient

    client = DataverseClient(emulators.ready["dataverse"]["base_url"], emulators.credential())
    client.__enter__()


def tearDownModule() -> None:
    client.close()
    emulators.stop()


def person(last: str, **more) -> dict:
    return {"firstname": "Ada", "lastname": last, "emailaddress1": f"{last.lower()}@example.org", **more}


class Rows(unittest.TestCase):
    def test_create_and_retrieve(self) -> None:
        made = client.records.create("contact", person("Lovelace"))
        row = client.records.retrieve("contact", made, select=["fullname", "emailaddress1"])
        self.assertEqual(row["fullname"], "Ada Lovelace")
        self.assertRegex(row.etag, r'^W/"\d+"$')

    def test_update(self) -> None:
        made = client.records.create("contact", person("Noether"))
        client.records.update("contact", made, {"jobtitle": "Professor"})
        row = client.records.retrieve("contact", made, select=["jobtitle", "lastname"])
        self.assertEqual((row["jobtitle"], row["lastname"]), ("Professor", "Noether"))

    def test_update_of_what_is_not_there(self) -> None:
        self.assertRefused(
            404, "0x80040217", lambda: client.records.update("contact", str(uuid.uuid4()), {"jobtitle": "X"})
        )

    def test_delete(self) -> None:
        made = client.records.create("contact", person("Turing"))
        client.records.delete("contact", made)
        self.assertIsNone(client.records.retrieve("contact", made))
        self.assertRefused(404, "0x80040217", lambda: client.records.delete("contact", made))

    def test_delete_many(self) -> None:
        made = client.records.create("contact", [person("Gone-A"), person("Gone-B")])
        job = client.records.delete("contact", made)
        self.assertTrue(uuid.UUID(job))
        self.assertEqual([client.records.retrieve("contact", one) for one in made], [None, None])

    def test_delete_many_one_by_one(self) -> None:
        made = client.records.create("contact", [person("Single-A"), person("Single-B")])
        self.assertIsNone(client.records.delete("contact", made, use_bulk_delete=False))
        self.assertEqual([client.records.retrieve("contact", one) for one in made], [None, None])

    def test_bind_and_expand(self) -> None:
        account = client.records.create("account", {"name": "Analytical Engines"})
        bind = {"parentcustomerid_account@odata.bind": f"/accounts({account})"}
        made = client.records.create("contact", person("Babbage", **bind))
        row = client.records.retrieve(
            "contact", made, select=["lastname"], expand=["parentcustomerid_account"]
        )
        self.assertEqual(row["parentcustomerid_account"]["name"], "Analytical Engines")

    def test_labels_of_choices(self) -> None:
        """The client looks labels up in the metadata and sends numbers."""
        made = client.records.create(
            "msevtmgt_event", {"msevtmgt_name": "Labelled", "msevtmgt_eventformat": "Webinar"}
        )
        row = client.records.retrieve(
            "msevtmgt_event", made, select=["msevtmgt_eventformat"], include_annotations="*"
        )
        self.assertIsInstance(row["msevtmgt_eventformat"], int)
        formatted = row["msevtmgt_eventformat@OData.Community.Display.V1.FormattedValue"]
        self.assertEqual(formatted.lower(), "webinar")

    def test_bulk_create_and_update(self) -> None:
        made = client.records.create("contact", [person("Bulk-A"), person("Bulk-B"), person("Bulk-C")])
        self.assertEqual(len(set(made)), 3)
        client.records.update("contact", made, {"jobtitle": "Same"})
        client.records.update("contact", made[:2], [{"telephone1": "1"}, {"telephone1": "2"}])
        rows = [client.records.retrieve("contact", one, select=["jobtitle", "telephone1"]) for one in made]
        self.assertEqual([row["jobtitle"] for row in rows], ["Same"] * 3)
        self.assertEqual([row.get("telephone1") for row in rows], ["1", "2", None])

    def test_bulk_create_is_all_or_nothing(self) -> None:
        before = emulators.control("dataverse", "GET", "state")["tables"]["contacts"]
        self.assertRefused(
            400, None, lambda: client.records.create("contact", [person("Half"), {"no_such_column": 1}])
        )
        self.assertEqual(emulators.control("dataverse", "GET", "state")["tables"]["contacts"], before)

    def assertRefused(self, status: int, code, call) -> None:
        refused(self, status, code, call)


def refused(case: unittest.TestCase, status: int, code, call):
    from PowerPlatform.Dataverse.core.errors import HttpError

    with case.assertRaises(HttpError) as caught:
        call()
    case.assertEqual(caught.exception.status_code, status)
    if code is not None:
        case.assertEqual(caught.exception.details.get("service_error_code"), code)
    return caught.exception


class Keys(unittest.TestCase):
    def test_alternate_keys_from_making_to_deleting(self) -> None:
        made = client.tables.create_alternate_key("account", "ConformanceNumber", ["accountnumber"])
        try:
            known = {key.schema_name: key for key in client.tables.get_alternate_keys("account")}
            self.assertEqual(known["ConformanceNumber"].key_attributes, ["accountnumber"])
            self.upserts_one()
            self.upserts_many()
        finally:
            client.tables.delete_alternate_key("account", made.metadata_id)
        self.assertNotIn(
            "ConformanceNumber", [key.schema_name for key in client.tables.get_alternate_keys("account")]
        )

    def upserts_one(self) -> None:
        for name in ("First", "Renamed"):
            client.records.upsert(
                "account", [{"alternate_key": {"accountnumber": "o'one @1"}, "record": {"name": name}}]
            )
        self.assertEqual(self.names("o''one @1"), ["Renamed"])

    def upserts_many(self) -> None:
        def items(suffix: str) -> list:
            return [
                {"alternate_key": {"accountnumber": f"M-{n}"}, "record": {"name": f"{n}{suffix}"}}
                for n in range(3)
            ]

        client.records.upsert("account", items(""))
        client.records.upsert("account", items(" again"))
        self.assertEqual([self.names(f"M-{n}") for n in range(3)], [[f"{n} again"] for n in range(3)])

    def names(self, number: str) -> list:
        return [
            row["name"]
            for row in client.records.list("account", filter=f"accountnumber eq '{number}'", select=["name"])
        ]


class Queries(unittest.TestCase):
    def test_filter_order_top(self) -> None:
        client.records.create("contact", [person(f"Xenakis-{letter}") for letter in "CAB"])
        rows = client.records.list(
            "contact",
            filter="startswith(lastname,'Xenakis')",
            select=["lastname"],
            orderby=["lastname desc"],
            top=2,
        )
        self.assertEqual([row["lastname"] for row in rows], ["Xenakis-C", "Xenakis-B"])

    def test_pages(self) -> None:
        pages = list(client.records.list_pages("contact", select=["lastname"], page_size=9))
        self.assertTrue(all(len(page) == 9 for page in pages[:-1]))
        ids = [row["contactid"] for page in pages for row in page]
        self.assertGreaterEqual(len(ids), 45)
        self.assertEqual(len(set(ids)), len(ids))

    def test_builder(self) -> None:
        from PowerPlatform.Dataverse.models.filters import col

        client.records.create("contact", [person("Built-A", jobtitle="Builder"), person("Built-B")])
        query = client.query.builder("contact").select("lastname").where(col("jobtitle") == "Builder")
        self.assertEqual([row["lastname"] for row in query.order_by("lastname").execute()], ["Built-A"])

    def test_sql(self) -> None:
        for last in ("Sql-B", "Sql-A", "Sql-C"):
            client.records.create("contact", person(last))
        rows = client.query.sql(
            "SELECT TOP 2 lastname, firstname FROM contact WHERE lastname LIKE 'Sql-%' ORDER BY lastname DESC"
        )
        self.assertEqual([row["lastname"] for row in rows], ["Sql-C", "Sql-B"])

    def test_fetch_xml_in_pages(self) -> None:
        for number in range(5):
            client.records.create("contact", person(f"Fetched-{number}"))
        pages = client.query.fetchxml(
            '<fetch count="2"><entity name="contact"><attribute name="lastname"/><order attribute="lastname"/>'
            '<filter><condition attribute="lastname" operator="like" value="Fetched-%"/></filter></entity></fetch>'
        )
        pages = [[row["lastname"] for row in page] for page in pages.execute_pages()]
        self.assertEqual([len(page) for page in pages], [2, 2, 1])
        self.assertEqual(sum(pages, []), [f"Fetched-{number}" for number in range(5)])

    def test_unknown_column(self) -> None:
        refused(self, 400, "0x80060888", lambda: list(client.records.list("contact", select=["shoesize"])))

    def test_data_frame(self) -> None:
        rows = client.records.list("msevtmgt_eventregistration", select=["msevtmgt_name", "statecode"])
        self.assertEqual(len(rows.to_dataframe()), 5)


class Batches(unittest.TestCase):
    def test_reads_and_writes(self) -> None:
        made = client.records.create("contact", person("Hamilton"))
        batch = client.batch.new()
        batch.records.retrieve("contact", made, select=["lastname"])
        batch.records.create("contact", person("Johnson"))
        batch.records.update("contact", made, {"jobtitle": "Engineer"})
        batch.records.list("contact", filter=f"contactid eq {made}", select=["jobtitle"])
        result = batch.execute()
        self.assertEqual([one.status_code for one in result.responses], [200, 204, 204, 200])
        self.assertEqual(result.responses[0].data["lastname"], "Hamilton")
        self.assertTrue(result.responses[1].entity_id)
        self.assertEqual(result.responses[3].data["value"][0]["jobtitle"], "Engineer")

    def test_change_set_with_references(self) -> None:
        batch = client.batch.new()
        with batch.changeset() as changes:
            account = changes.records.create("account", {"name": "Orbits"})
            someone = changes.records.create(
                "contact", person("Vaughan", **{"parentcustomerid_account@odata.bind": account})
            )
            changes.records.update("contact", someone, {"jobtitle": "Computer"})
        result = batch.execute()
        self.assertFalse(result.has_errors)
        account, someone = result.entity_ids[:2]
        row = client.records.retrieve("contact", someone, select=["jobtitle", "_parentcustomerid_value"])
        self.assertEqual((row["jobtitle"], row["_parentcustomerid_value"]), ("Computer", account))

    def test_change_set_is_taken_back(self) -> None:
        before = emulators.control("dataverse", "GET", "state")["tables"]["contacts"]
        batch = client.batch.new()
        with batch.changeset() as changes:
            changes.records.create("contact", person("Kept-by-nobody"))
            changes.records.create("contact", {"no_such_column": 1})
        result = batch.execute()
        self.assertEqual([one.status_code for one in result.failed], [400])
        self.assertEqual(result.succeeded, [])
        self.assertEqual(emulators.control("dataverse", "GET", "state")["tables"]["contacts"], before)

    def test_stops_at_the_first_failure_unless_told_otherwise(self) -> None:
        for go_on, expected in ((False, [400]), (True, [400, 204])):
            batch = client.batch.new()
            batch.records.list("contact", select=["shoesize"])
            batch.records.create("contact", person("Jackson"))
            result = batch.execute(continue_on_error=go_on)
            self.assertEqual([one.status_code for one in result.responses], expected)

    def test_bulk_and_metadata_within(self) -> None:
        batch = client.batch.new()
        batch.records.create("contact", [person("Within-A"), person("Within-B")])
        batch.tables.get("contact")
        made, table = batch.execute().responses
        self.assertEqual(len(made.data["Ids"]), 2)
        self.assertEqual(table.status_code, 200)


class Metadata(unittest.TestCase):
    def test_tables(self) -> None:
        table = client.tables.get("msevtmgt_eventregistration")
        self.assertEqual(table.entity_set_name, "msevtmgt_eventregistrations")
        self.assertIsNone(client.tables.get("no_such_table"))
        listed = client.tables.list(
            filter="LogicalName eq 'contact'", select=["LogicalName", "EntitySetName"]
        )
        self.assertEqual([one["EntitySetName"] for one in listed], ["contacts"])

    def test_columns(self) -> None:
        columns = client.tables.list_columns("contact", select=["LogicalName", "AttributeType"])
        kinds = {column["LogicalName"]: column["AttributeType"] for column in columns}
        self.assertEqual((kinds["lastname"], kinds["contactid"]), ("String", "Uniqueidentifier"))
        strings = client.tables.list_columns(
            "contact", select=["LogicalName"], filter="AttributeType eq 'String'"
        )
        self.assertIn("emailaddress1", [column["LogicalName"] for column in strings])
        self.assertEqual(client.tables.get_column("contact", "lastname")["LogicalName"], "lastname")
        self.assertIsNone(client.tables.get_column("contact", "no_such_column"))

    def test_typed_columns(self) -> None:
        last = client.tables.get_column("contact", "lastname", typed=True)
        self.assertEqual((last["LogicalName"], last["MaxLength"]), ("lastname", 50))
        typed = client.tables.list_columns("contact", typed=True)
        self.assertIn("contactid", [column["LogicalName"] for column in typed])

    def test_relationships(self) -> None:
        one = client.tables.get_relationship("contact_customer_accounts")
        self.assertEqual((one.referenced_entity, one.referencing_entity), ("account", "contact"))
        listed = client.tables.list_table_relationships("contact")
        self.assertIn("contact_customer_accounts", [one["SchemaName"] for one in listed])
        expands = client.query.odata_expands("msevtmgt_eventregistration")
        known = {one["nav_property"]: one["target_entity_set"] for one in expands}
        self.assertEqual(known["msevtmgt_EventId"], "msevtmgt_events")
        self.assertEqual(known["msevtmgt_ContactId"], "contacts")


class Weather(unittest.TestCase):
    def tearDown(self) -> None:
        emulators.control("dataverse", "DELETE", "weather")

    def test_told_to_wait(self) -> None:
        emulators.control(
            "dataverse", "POST", "weather", {"rules": [{"operation": "*", "effect": "quota", "count": 1}]}
        )
        waiting = refused(self, 429, None, lambda: list(client.records.list("contact", top=1)))
        self.assertTrue(waiting.is_transient)
        self.assertGreater(waiting.details["retry_after"], 0)
        self.assertIn(waiting.details["service_error_code"], ("0x80072321", "0x80072322", "0x80072326"))

    def test_tries_a_lost_connection_again(self) -> None:
        emulators.control(
            "dataverse", "POST", "weather", {"rules": [{"operation": "*", "effect": "reset", "count": 1}]}
        )
        self.assertEqual(len(client.records.list("contact", top=1)), 1)


if __name__ == "__main__":
    unittest.main()
