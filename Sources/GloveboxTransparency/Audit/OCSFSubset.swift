package import GloveboxCore

/// The part of OCSF that the log uses, as a table for readers who have only an export.
///
/// Source: schema.ocsf.io, version 1.8.0.
package enum OCSFSubset {
    private static let classes: [(uid: Int64, name: String, required: [String])] = [
        (1006, "scheduled_job_activity", ["device", "job"]),
        (1007, "process_activity", ["actor", "device", "process"]),
        (1008, "event_log_activity", []), (2003, "compliance_finding", ["compliance", "finding_info"]),
        (2004, "detection_finding", ["finding_info"]), (3001, "account_change", ["user"]),
        (3002, "authentication", ["user"]), (3003, "authorize_session", ["user"]),
        (3004, "entity_management", ["entity"]), (3005, "user_access", ["privileges", "user"]),
        (5002, "config_state", ["device"]), (5019, "device_config_state_change", ["device"]),
        (6002, "application_lifecycle", ["app"]), (6003, "api_activity", ["actor", "api", "src_endpoint"]),
        (6005, "datastore_activity", ["actor", "src_endpoint"]),
        (6006, "file_hosting", ["actor", "file", "src_endpoint"]),
    ]

    /// `{"classes":…,"events":…,"version":"1.8.0"}`: each class with its required attributes, each event with class,
    /// activity and words.
    package static var json: JSONValue {
        var classes = JSONObject()
        for known in Self.classes {
            classes[String(known.uid)] = [
                "name": .string(known.name), "required": .array(known.required.map(JSONValue.string)),
            ]
        }
        var events = JSONObject()
        for kind in EventKind.allCases {
            events[kind.rawValue] = [
                "activity_id": .integer(kind.ocsf.activity), "class_uid": .integer(kind.ocsf.classUID),
                "words": .string(kind.words),
            ]
        }
        return ["classes": .object(classes), "events": .object(events), "version": .string(Event.schema)]
    }
}
