//! The tables in which webhooks are registered, as far as registering them needs.

use super::super::draft::Draft;
use super::super::schema::{Choice, Navigation, OnDelete, States, Table};
use super::super::value::Value;

pub(super) const ENDPOINT: &str = "serviceendpoint";
pub(super) const MESSAGE: &str = "sdkmessage";
pub(super) const FILTER: &str = "sdkmessagefilter";
pub(super) const STEP: &str = "sdkmessageprocessingstep";
pub(super) const IMAGE: &str = "sdkmessageprocessingstepimage";
pub(super) const JOB: &str = "asyncoperation";

const CONTRACTS: &[Choice] = &[
    (1, "OneWay"),
    (2, "Queue"),
    (3, "Rest"),
    (4, "TwoWay"),
    (5, "Topic"),
    (6, "Queue (Persistent)"),
    (7, "Event Hub"),
    (8, "Webhook"),
    (9, "Event Grid"),
    (10, "Managed Data Lake"),
];
const AUTHENTICATIONS: &[Choice] = &[
    (1, "ACS"),
    (2, "SAS Key"),
    (3, "SAS Token"),
    (4, "Webhook Key"),
    (5, "Http Header"),
    (6, "Http Query String"),
    (7, "Connection String"),
    (8, "Access Key"),
];
const FORMATS: &[Choice] = &[(1, "Binary XML"), (2, "Json"), (3, "Text XML")];
const CHARSETS: &[Choice] = &[(0, "Default"), (1, "UTF8")];
const CONNECTIONS: &[Choice] = &[(1, "Normal"), (2, "Federated")];
const CLAIMS: &[Choice] = &[(1, "None"), (2, "UserId"), (3, "UserInfo")];
const MODES: &[Choice] = &[(0, "Synchronous"), (1, "Asynchronous")];
const STAGES: &[Choice] = &[(10, "Pre-validation"), (20, "Pre-operation"), (40, "Post-operation")];
const DEPLOYMENTS: &[Choice] =
    &[(0, "Server Only"), (1, "Microsoft Dynamics 365 Client for Outlook Only"), (2, "Both")];
const IMAGES: &[Choice] = &[(0, "PreImage"), (1, "PostImage"), (2, "Both")];
const OPERATIONS: &[Choice] = &[(1, "System Event")];
const JOBS: &States = &States {
    values: &[(0, "Ready"), (1, "Suspended"), (2, "Locked"), (3, "Completed")],
    reasons: &[
        (0, "Waiting For Resources"),
        (10, "Waiting"),
        (20, "In Progress"),
        (21, "Pausing"),
        (22, "Canceling"),
        (30, "Succeeded"),
        (31, "Failed"),
        (32, "Canceled"),
    ],
    pairs: &[(0, 0), (1, 10), (2, 20), (2, 21), (2, 22), (3, 30), (3, 31), (3, 32)],
};

pub(in super::super) fn all() -> [Table; 6] {
    [endpoint(), message(), filter(), step(), image(), job()]
}

fn endpoint() -> Table {
    Draft::new(ENDPOINT, "serviceendpoints", "serviceendpointid")
        .text("name", 256)
        .name()
        .memo("description", 2000)
        .choice("contract", CONTRACTS)
        .text("url", 2000)
        .choice("authtype", AUTHENTICATIONS)
        .text("authvalue", 2048)
        .hidden()
        .choice("messageformat", FORMATS)
        .default(Value::Number(2))
        .choice("messagecharset", CHARSETS)
        .choice("connectionmode", CONNECTIONS)
        .default(Value::Number(1))
        .choice("userclaim", CLAIMS)
        .default(Value::Number(1))
        .text("path", 160)
        .text("solutionnamespace", 160)
        .text("namespaceaddress", 255)
        .organization_owned()
        .done()
}

fn message() -> Table {
    Draft::new(MESSAGE, "sdkmessages", "sdkmessageid")
        .text("name", 256)
        .name()
        .text("categoryname", 25)
        .flag("isactive")
        .default(Value::Flag(true))
        .flag("isprivate")
        .default(Value::Flag(false))
        .organization_owned()
        .done()
}

fn filter() -> Table {
    Draft::new(FILTER, "sdkmessagefilters", "sdkmessagefilterid")
        .text("primaryobjecttypecode", 64)
        .name()
        .text("secondaryobjecttypecode", 64)
        .lookup("sdkmessageid", "sdkmessageid", MESSAGE, OnDelete::Cascade)
        .flag("iscustomprocessingstepallowed")
        .default(Value::Flag(true))
        .organization_owned()
        .done()
}

fn step() -> Table {
    // The way back has a name of its own.
    let handler = Navigation::new("eventhandler_serviceendpoint", ENDPOINT, OnDelete::Cascade)
        .called("serviceendpoint_sdkmessageprocessingstep");
    Draft::new(STEP, "sdkmessageprocessingsteps", "sdkmessageprocessingstepid")
        .text("name", 256)
        .name()
        .memo("description", 256)
        .memo("configuration", 1_073_741_823)
        .flag("asyncautodelete")
        .default(Value::Flag(false))
        .flag("canusereadonlyconnection")
        .default(Value::Flag(false))
        .memo("filteringattributes", 100_000)
        .choice("mode", MODES)
        .default(Value::Number(0))
        .choice("stage", STAGES)
        .choice("supporteddeployment", DEPLOYMENTS)
        .default(Value::Number(0))
        .whole("rank", 0)
        .default(Value::Number(1))
        .lookup_as("eventhandler", "EventHandler", vec![handler])
        .lookup("sdkmessageid", "sdkmessageid", MESSAGE, OnDelete::Cascade)
        .lookup("sdkmessagefilterid", "sdkmessagefilterid", FILTER, OnDelete::Cascade)
        .lookup("impersonatinguserid", "impersonatinguserid", "systemuser", OnDelete::RemoveLink)
        .organization_owned()
        .done()
}

fn image() -> Table {
    Draft::new(IMAGE, "sdkmessageprocessingstepimages", "sdkmessageprocessingstepimageid")
        .text("name", 256)
        .name()
        .memo("description", 256)
        .text("entityalias", 256)
        .choice("imagetype", IMAGES)
        .text("messagepropertyname", 256)
        .memo("attributes", 100_000)
        .lookup("sdkmessageprocessingstepid", "sdkmessageprocessingstepid", STEP, OnDelete::Cascade)
        .organization_owned()
        .done()
}

fn job() -> Table {
    Draft::with_states(JOB, "asyncoperations", "asyncoperationid", JOBS)
        .text("name", 256)
        .name()
        .choice("operationtype", OPERATIONS)
        .text("messagename", 160)
        .text("primaryentitytype", 64)
        .text("correlationid", 36)
        .user_local("startedon")
        .user_local("completedon")
        .whole("depth", 0)
        .whole("errorcode", i64::from(i32::MIN))
        .memo("message", 1_048_576)
        .memo("friendlymessage", 1_048_576)
        .lookup("owningextensionid", "owningextensionid", STEP, OnDelete::RemoveLink)
        .organization_owned()
        .done()
}
