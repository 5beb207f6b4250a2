use serde_json::{Value as Json, json};

use super::bench::{Bench, encoded, refused, values};

fn find<'a>(list: &'a Json, name: &str, value: &str) -> &'a Json {
    list.as_array().unwrap().iter().find(|item| item[name] == value).unwrap()
}

#[test]
fn dynamics_39_a_table_is_described_with_its_columns() {
    let bench = Bench::new();
    let table = bench.get(
        "EntityDefinitions(LogicalName='msevtmgt_sessionregistration')?$select=LogicalName,EntitySetName,\
         PrimaryIdAttribute,PrimaryNameAttribute,ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled\
         &$expand=Attributes($select=LogicalName,SchemaName,AttributeType)",
    );
    assert_eq!(table["EntitySetName"], "msevtmgt_sessionregistrations");
    assert_eq!(table["PrimaryIdAttribute"], "msevtmgt_sessionregistrationid");
    assert_eq!(table["PrimaryNameAttribute"], "msevtmgt_name");
    assert_eq!(
        (&table["ChangeTrackingEnabled"], &table["IsOptimisticConcurrencyEnabled"]),
        (&json!(true), &json!(true))
    );
    assert!(table.get("SchemaName").is_none() && table["MetadataId"].is_string());
    let contact = find(&table["Attributes"], "LogicalName", "msevtmgt_contactid");
    assert_eq!(
        (&contact["SchemaName"], &contact["AttributeType"]),
        (&json!("msevtmgt_ContactId"), &json!("Lookup"))
    );
    assert_eq!(find(&table["Attributes"], "LogicalName", "msevtmgt_name")["AttributeType"], "String");
    assert_eq!(find(&table["Attributes"], "LogicalName", "statecode")["AttributeType"], "State");
}

#[test]
fn dynamics_39_tables_are_found_by_filter() {
    let bench = Bench::new();
    let url = "EntityDefinitions?%24select=LogicalName%2CEntitySetName%2CPrimaryIdAttribute\
               &%24filter=LogicalName+eq+'contact'";
    let found = bench.get(url);
    assert_eq!(values(&found, "EntitySetName"), ["contacts"]);
    let two = encoded("LogicalName eq 'contact' or LogicalName eq 'account'");
    assert_eq!(bench.get(&format!("EntityDefinitions?$filter={two}"))["value"].as_array().unwrap().len(), 2);
    assert_eq!(bench.get("EntityDefinitions?$filter=LogicalName%20eq%20'x'")["value"], json!([]));
}

#[test]
fn dynamics_39_relationships_tell_the_case_of_navigation_names() {
    let bench = Bench::new();
    let of = |table: &str| {
        let url = format!(
            "EntityDefinitions(LogicalName='{table}')/ManyToOneRelationships?$select=ReferencingAttribute,\
             ReferencingEntityNavigationPropertyName,ReferencedEntity"
        );
        bench.get(&url)["value"].clone()
    };
    let name = "ReferencingEntityNavigationPropertyName";
    let registration = of("msevtmgt_eventregistration");
    assert_eq!(find(&registration, "ReferencingAttribute", "msevtmgt_contactid")[name], "msevtmgt_ContactId");
    let session = of("msevtmgt_sessionregistration");
    let contact = find(&session, "ReferencingAttribute", "msevtmgt_contactid");
    assert_eq!(
        (&contact[name], &contact["ReferencedEntity"]),
        (&json!("msevtmgt_contactid"), &json!("contact"))
    );
    let customers = of("contact");
    assert_eq!(find(&customers, "ReferencedEntity", "account")[name], "parentcustomerid_account");
}

#[test]
fn dynamics_39_columns_are_cast_to_their_type() {
    let bench = Bench::new();
    let attributes = "EntityDefinitions(LogicalName='msevtmgt_session')/Attributes";
    let url =
        format!("{attributes}/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=LogicalName,MaxLength");
    let texts = bench.get(&url);
    assert_eq!(find(&texts["value"], "LogicalName", "msevtmgt_webinarurl")["MaxLength"], 100);
    let url = format!(
        "{attributes}/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options)"
    );
    let choices = bench.get(&url);
    let format = find(&choices["value"], "LogicalName", "msevtmgt_sessionformat");
    assert_eq!(format["OptionSet"]["Options"][1]["Value"], 100_000_002);
    assert_eq!(format["OptionSet"]["Options"][1]["Label"]["UserLocalizedLabel"]["Label"], "Webinar");
    let all = bench.get(attributes);
    let start = find(&all["value"], "LogicalName", "msevtmgt_starttime");
    assert_eq!(start["DateTimeBehavior"]["Value"], "TimeZoneIndependent");
    refused(&bench.call("GET", &format!("{attributes}?$select=MaxLength"), &[], ""), 400, "0x80060888");
}

#[test]
fn dynamics_39_what_is_not_there_is_refused() {
    let bench = Bench::new();
    for (url, status) in [
        ("EntityDefinitions(LogicalName='nothing')", 404),
        ("EntityDefinitions(nothing", 404),
        ("EntityDefinitions(LogicalName='contact')/Nothing", 404),
        ("EntityDefinitions(LogicalName='contact')?$select=Nothing", 400),
        ("EntityDefinitions(LogicalName='contact')?$expand=Nothing", 400),
        ("EntityDefinitions(LogicalName='contact')?$expand=Attributes($select=Nothing)", 400),
        ("EntityDefinitions(LogicalName='contact')?$expand=Attributes($select", 400),
        ("EntityDefinitions?$filter=Nothing%20eq%201", 400),
        ("EntityDefinitions?$orderby=LogicalName", 400),
    ] {
        let answer = bench.call("GET", url, &[], "");
        assert_eq!(answer.status.as_u16(), status, "{url}");
    }
}
