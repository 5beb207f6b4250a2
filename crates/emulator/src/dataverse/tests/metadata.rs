use serde_json::{Value as Json, json};

use super::bench::{Bench, body, encoded, header, refused, text, values};

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

#[test]
fn dynamics_39_relationships_are_seen_from_every_side() {
    let bench = Bench::new();
    let of =
        |side: &str| bench.get(&format!("EntityDefinitions(LogicalName='account')/{side}"))["value"].clone();
    let contacts = find(&of("OneToManyRelationships"), "SchemaName", "contact_customer_accounts").clone();
    assert_eq!(
        (&contacts["ReferencingEntity"], &contacts["ReferencedEntity"]),
        (&json!("contact"), &json!("account"))
    );
    assert_eq!(contacts["ReferencedEntityNavigationPropertyName"], "contact_customer_accounts");
    assert_eq!(contacts["ReferencingEntityNavigationPropertyName"], "parentcustomerid_account");
    assert_eq!(
        find(&of("ManyToOneRelationships"), "ReferencingAttribute", "primarycontactid")["ReferencedEntity"],
        "contact"
    );
    assert_eq!(of("ManyToManyRelationships"), json!([]));
    let filter = encoded("SchemaName eq 'msevtmgt_Event_EventRegistration'");
    let found = bench.get(&format!("RelationshipDefinitions?$filter={filter}"))["value"][0].clone();
    assert_eq!(found["CascadeConfiguration"]["Delete"], "Cascade");
    let id = found["MetadataId"].as_str().unwrap();
    assert_eq!(bench.get(&format!("RelationshipDefinitions({id})"))["SchemaName"], found["SchemaName"]);
    let cast =
        "RelationshipDefinitions/Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata?$select=SchemaName";
    assert!(bench.get(cast)["value"].as_array().unwrap().len() > 20);
    let expanded = bench
        .get("EntityDefinitions(LogicalName='account')?$expand=OneToManyRelationships($select=SchemaName)");
    assert!(expanded["OneToManyRelationships"].as_array().unwrap().len() >= 2);
}

#[test]
fn dynamics_39_one_column_is_found_by_name_or_id_and_cast() {
    let bench = Bench::new();
    let url = "EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='lastname')";
    let plain = bench.get(&format!("{url}?$select=MetadataId,SchemaName"));
    assert_eq!(
        (&plain["@odata.type"], &plain["SchemaName"]),
        (&json!("#Microsoft.Dynamics.CRM.StringAttributeMetadata"), &json!("lastname"))
    );
    let cast = bench.get(&format!("{url}/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=MaxLength"));
    assert_eq!(cast["MaxLength"], 50);
    let table =
        bench.get("EntityDefinitions(LogicalName='contact')?$select=LogicalName")["MetadataId"].clone();
    let by_id = format!(
        "EntityDefinitions({})/Attributes({})",
        table.as_str().unwrap(),
        plain["MetadataId"].as_str().unwrap()
    );
    assert_eq!(bench.get(&by_id)["LogicalName"], "lastname");
    for wrong in
        [format!("{url}/Microsoft.Dynamics.CRM.MemoAttributeMetadata"), url.replace("lastname", "nickname")]
    {
        assert_eq!(bench.call("GET", &wrong, &[], "").status.as_u16(), 404, "{wrong}");
    }
}

#[test]
fn dynamics_39_tables_are_listed_as_clients_ask_for_them() {
    let bench = Bench::new();
    let filter = encoded("IsPrivate eq false and (SchemaName eq 'contact')");
    let found = bench
        .get(&format!("EntityDefinitions?$filter={filter}&$select=SchemaName,DisplayName,EntitySetName"));
    assert_eq!(found["value"][0]["DisplayName"]["UserLocalizedLabel"]["Label"], "Contact");
    let query = json!({
        "Properties": {"PropertyNames": ["LogicalName", "Attributes"]},
        "Criteria": {"Conditions": [{
            "PropertyName": "LogicalName", "ConditionOperator": "Equals",
            "Value": {"Type": "System.String", "Value": "msevtmgt_session"},
        }]},
        "AttributeQuery": {
            "Properties": {"PropertyNames": ["LogicalName", "MaxLength"]},
            "Criteria": {"Conditions": [{
                "PropertyName": "LogicalName", "ConditionOperator": "Equals",
                "Value": {"Type": "System.String", "Value": "msevtmgt_webinarurl"},
            }]},
        },
    });
    let url = format!("RetrieveMetadataChanges(Query=@p1)?@p1={}", encoded(&query.to_string()));
    let attributes = bench.get(&url)["EntityMetadata"][0]["Attributes"].clone();
    assert_eq!((attributes.as_array().unwrap().len(), &attributes[0]["MaxLength"]), (1, &json!(100)));
    assert_eq!(bench.call("GET", "RetrieveMetadataChanges(Query=@p1)", &[], "").status.as_u16(), 400);
    for method in ["POST", "PUT", "DELETE"] {
        let answer = bench.call(method, "EntityDefinitions(LogicalName='contact')/Attributes", &[], "{}");
        refused(&answer, 405, "0x80040800");
    }
}

#[test]
fn dynamics_39_the_document_has_every_table_with_its_names() {
    let bench = Bench::new();
    bench.key("contact", "mail_key", &["emailaddress1"]);
    bench.set(&json!({"untracked_tables": ["account"]}));
    let answer = bench.call("GET", "$metadata", &[("Accept", "application/xml")], "");
    assert_eq!((answer.status.as_u16(), header(&answer, "content-type")), (200, "application/xml"));
    let text = text(&answer);
    for part in [
        "<EntityType Name=\"msevtmgt_sessionregistration\" BaseType=\"mscrm.crmbaseentity\">",
        "<PropertyRef Name=\"msevtmgt_sessionregistrationid\" />",
        "<Property Name=\"_msevtmgt_contactid_value\" Type=\"Edm.Guid\" />",
        "<NavigationProperty Name=\"msevtmgt_RegistrationID\" Type=\"mscrm.msevtmgt_eventregistration\"",
        "<NavigationProperty Name=\"msevtmgt_Event_EventRegistration\" Type=\"Collection(mscrm.msevtmgt_eventregistration)\" />",
        "<EntitySet Name=\"msevtmgt_checkins\" EntityType=\"Microsoft.Dynamics.CRM.msevtmgt_checkin\">",
        "<NavigationPropertyBinding Path=\"msevtmgt_Contact\" Target=\"contacts\" />",
        "<PropertyValue Property=\"Name\" PropertyPath=\"emailaddress1\" />",
        "<Action Name=\"CreateMultiple\" IsBound=\"true\">",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert_eq!(text.matches("Bool=\"false\"").count(), 1);
    // Every element that is opened is closed.
    let opened = text.matches('<').count() - text.matches("</").count() - text.matches("/>").count() - 1;
    assert_eq!(opened, text.matches("</").count());
    assert_eq!(bench.call("POST", "$metadata", &[], "").status.as_u16(), 405);
    assert_eq!(body(&bench.call("GET", "", &[], ""))["value"].as_array().unwrap().len(), 21);
}
