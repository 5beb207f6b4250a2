//! Tables, columns and relationships as metadata describes them.

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::error::{Outcome, Refusal};
use super::schema::{Choice, Column, Kind, Navigation, OnDelete, Table};
use super::syntax::{Ast, Literal, Operator, TextTest};

const NAMESPACE: Uuid = Uuid::from_u128(0x11e7_03b4_95ad_5d06_8d5b_7a90_c1f2_4be8);
pub(super) const TYPE: &str = "Microsoft.Dynamics.CRM.";

/// A description: what every one of its kind has, and what only its type has.
pub(super) struct Description {
    pub(super) kind: String,
    base: Map<String, Json>,
    special: Map<String, Json>,
}

impl Description {
    /// The members that were selected, or all; the special ones can be selected only by `cast`.
    pub(super) fn show(&self, select: Option<&[String]>, cast: bool) -> Outcome<Map<String, Json>> {
        let Some(select) = select else {
            let mut all = self.base.clone();
            all.extend(self.special.clone());
            return Ok(all);
        };
        let mut shown = Map::new();
        for (name, value) in self.base.iter().filter(|(name, _)| name.starts_with('@')) {
            shown.insert(name.clone(), value.clone());
        }
        for name in select {
            let special = self.special.get(name).filter(|_| cast);
            let value =
                self.base.get(name).or(special).ok_or_else(|| Refusal::unknown_property(name, &self.kind))?;
            shown.insert(name.clone(), value.clone());
        }
        shown.insert("MetadataId".to_owned(), self.base.get("MetadataId").cloned().unwrap_or_default());
        Ok(shown)
    }

    fn get(&self, name: &str) -> Option<&Json> {
        self.base.get(name).or_else(|| self.special.get(name))
    }

    /// A filter on plain members of a description.
    pub(super) fn passes(&self, filter: &Ast) -> Outcome<bool> {
        let member = |name: &str| self.get(name).ok_or_else(|| Refusal::unknown_property(name, &self.kind));
        Ok(match filter {
            Ast::All(parts) => parts
                .iter()
                .map(|part| self.passes(part))
                .collect::<Outcome<Vec<_>>>()?
                .into_iter()
                .all(|held| held),
            Ast::Any(parts) => parts
                .iter()
                .map(|part| self.passes(part))
                .collect::<Outcome<Vec<_>>>()?
                .into_iter()
                .any(|held| held),
            Ast::Not(inner) => !self.passes(inner)?,
            Ast::Compare { name, operator, literal } => {
                let same = equals(member(name)?, literal);
                match operator {
                    Operator::Eq => same,
                    Operator::Ne => !same,
                    _ => return Err(Refusal::query("Metadata is compared with eq and ne alone.")),
                }
            }
            Ast::Text { kind, name, text } => {
                let found = member(name)?.as_str().unwrap_or_default();
                match kind {
                    TextTest::Contains => found.contains(text),
                    TextTest::StartsWith => found.starts_with(text),
                    TextTest::EndsWith => found.ends_with(text),
                }
            }
            Ast::In { name, values } => {
                let found = member(name)?.as_str();
                values.iter().any(|value| found == Some(value))
            }
        })
    }
}

pub(super) fn metadata_id(name: &str) -> String {
    Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string()
}

fn object(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(members) => members,
        _ => Map::new(),
    }
}

pub(super) fn definition(table: &Table) -> Description {
    let tracking = json!({"Value": true, "CanBeChanged": false});
    let base = json!({
        "LogicalName": table.logical,
        "SchemaName": table.logical,
        "EntitySetName": table.set,
        "LogicalCollectionName": table.set,
        "PrimaryIdAttribute": table.columns.first().map(|column| column.logical),
        "PrimaryNameAttribute": table.columns[table.name].logical,
        "OwnershipType": if table.organization_owned { "OrganizationOwned" } else { "UserOwned" },
        "ChangeTrackingEnabled": true,
        "CanChangeTrackingBeEnabled": tracking,
        "IsOptimisticConcurrencyEnabled": true,
        "IsCustomEntity": table.logical.contains('_'),
        "MetadataId": metadata_id(table.logical),
    });
    Description { kind: "EntityMetadata".to_owned(), base: object(base), special: Map::new() }
}

pub(super) fn attribute(table: &Table, column: &Column) -> Description {
    let (kind, code) = attribute_type(table, column);
    let level = match (&column.kind, column.required) {
        (Kind::Key, _) => "SystemRequired",
        (_, true) => "ApplicationRequired",
        (_, false) => "None",
    };
    let base = json!({
        "@odata.type": format!("#{TYPE}{kind}"),
        "LogicalName": column.logical,
        "SchemaName": column.schema,
        "EntityLogicalName": table.logical,
        "AttributeType": code,
        "AttributeTypeName": {"Value": format!("{code}Type")},
        "RequiredLevel": {"Value": level, "CanBeChanged": false},
        "IsPrimaryId": matches!(column.kind, Kind::Key),
        "IsPrimaryName": table.columns[table.name].logical == column.logical,
        "IsValidForRead": true,
        "IsValidForCreate": column.writable,
        "IsValidForUpdate": column.writable && !matches!(column.kind, Kind::Key),
        "MetadataId": metadata_id(&format!("{}.{}", table.logical, column.logical)),
    });
    Description { kind: kind.to_owned(), base: object(base), special: object(special(column)) }
}

/// What only this type of column has.
fn special(column: &Column) -> Json {
    match &column.kind {
        Kind::Text { max, url } => json!({"MaxLength": max, "Format": if *url { "Url" } else { "Text" }}),
        Kind::Memo { max } => json!({"MaxLength": max, "Format": "TextArea"}),
        Kind::Whole { min, max } => json!({"MinValue": min, "MaxValue": max, "Format": "None"}),
        Kind::Decimal { min, max } => json!({"MinValue": min, "MaxValue": max, "Precision": 2}),
        Kind::UserLocal => json!({"Format": "DateAndTime", "DateTimeBehavior": {"Value": "UserLocal"}}),
        Kind::ZoneIndependent => {
            json!({"Format": "DateAndTime", "DateTimeBehavior": {"Value": "TimeZoneIndependent"}})
        }
        Kind::Lookup(navigations) => {
            let targets: Vec<&str> = navigations.iter().map(|navigation| navigation.target).collect();
            json!({"Targets": targets})
        }
        _ => json!({}),
    }
}

fn attribute_type(table: &Table, column: &Column) -> (&'static str, &'static str) {
    match &column.kind {
        Kind::Key => ("AttributeMetadata", "Uniqueidentifier"),
        Kind::Version => ("BigIntAttributeMetadata", "BigInt"),
        Kind::Text { .. } => ("StringAttributeMetadata", "String"),
        Kind::Memo { .. } => ("MemoAttributeMetadata", "Memo"),
        Kind::Whole { .. } => ("IntegerAttributeMetadata", "Integer"),
        Kind::Decimal { .. } => ("DecimalAttributeMetadata", "Decimal"),
        Kind::Flag => ("BooleanAttributeMetadata", "Boolean"),
        Kind::Choice(_) => ("PicklistAttributeMetadata", "Picklist"),
        Kind::State => ("StateAttributeMetadata", "State"),
        Kind::Status => ("StatusAttributeMetadata", "Status"),
        Kind::UserLocal | Kind::ZoneIndependent => ("DateTimeAttributeMetadata", "DateTime"),
        Kind::Lookup(_) if column.logical == "ownerid" => ("LookupAttributeMetadata", "Owner"),
        Kind::Lookup(_) if table.logical == "contact" && column.logical == "parentcustomerid" => {
            ("LookupAttributeMetadata", "Customer")
        }
        Kind::Lookup(_) => ("LookupAttributeMetadata", "Lookup"),
    }
}

pub(super) fn option_set(table: &Table, column: &Column, choices: &[Choice]) -> Description {
    let options: Vec<Json> = choices
        .iter()
        .map(|(value, label)| {
            let text = json!({"Label": label, "LanguageCode": 1033});
            json!({"Value": value, "Label": {"LocalizedLabels": [text], "UserLocalizedLabel": text}})
        })
        .collect();
    let name = format!("{}_{}", table.logical, column.logical);
    let base =
        json!({"Name": name, "Options": options, "MetadataId": metadata_id(&format!("options {name}"))});
    Description { kind: "OptionSetMetadata".to_owned(), base: object(base), special: Map::new() }
}

pub(super) fn relationship(table: &Table, column: &Column, navigation: &Navigation) -> Description {
    let on_delete = match navigation.on_delete {
        OnDelete::Cascade => "Cascade",
        OnDelete::Restrict => "Restrict",
        OnDelete::RemoveLink => "RemoveLink",
    };
    let name = format!("{}_{}_{}", navigation.target, table.logical, navigation.name);
    let key = format!("{}id", navigation.target);
    let base = json!({
        "SchemaName": name,
        "ReferencingEntity": table.logical,
        "ReferencingAttribute": column.logical,
        "ReferencingEntityNavigationPropertyName": navigation.name,
        "ReferencedEntity": navigation.target,
        "ReferencedAttribute": key,
        "CascadeConfiguration": {"Delete": on_delete},
        "RelationshipType": "OneToManyRelationship",
        "MetadataId": metadata_id(&name),
    });
    Description { kind: "OneToManyRelationshipMetadata".to_owned(), base: object(base), special: Map::new() }
}

fn equals(member: &Json, literal: &Literal) -> bool {
    match literal {
        Literal::Null => member.is_null(),
        Literal::Flag(flag) => member.as_bool() == Some(*flag),
        Literal::Whole(number) => member.as_i64() == Some(*number),
        Literal::Decimal(number) => member.as_f64() == Some(*number),
        Literal::Text(text) => member.as_str() == Some(text),
        Literal::Id(id) => member.as_str() == Some(&id.to_string()),
        Literal::Time(_) => false,
    }
}
