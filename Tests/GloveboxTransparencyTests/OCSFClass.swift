/// What OCSF 1.8.0 asks of the classes the log uses, taken from the published schema (github.com/ocsf/ocsf-schema).
struct OCSFClass {
    /// Allowed activities.
    let activities: Set<Int64>
    /// Attributes that must be there.
    let required: Set<String>
    /// Attributes of which one must be there; empty for no such rule.
    let oneOf: Set<String>

    static let known: [Int64: OCSFClass] = [
        1006: OCSFClass(activities: [0, 1, 2, 3, 4, 5, 6, 99], required: ["device", "job"], oneOf: []),
        1007: OCSFClass(activities: [0, 1, 2, 3, 4, 5, 99], required: ["actor", "device", "process"], oneOf: []),
        1008: OCSFClass(
            activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99],
            required: [],
            oneOf: ["log_file", "log_name", "log_provider", "log_type", "log_type_id"]
        ),
        2003: OCSFClass(activities: [0, 1, 2, 3, 99], required: ["compliance", "finding_info"], oneOf: []),
        2004: OCSFClass(activities: [0, 1, 2, 3, 99], required: ["finding_info"], oneOf: []),
        3001: OCSFClass(activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 99], required: ["user"], oneOf: []),
        3002: OCSFClass(
            activities: [0, 1, 2, 3, 4, 5, 6, 7, 99],
            required: ["user"],
            oneOf: ["dst_endpoint", "service"]
        ),
        3003: OCSFClass(activities: [0, 1, 2, 99], required: ["user"], oneOf: ["group", "privileges"]),
        3004: OCSFClass(
            activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99],
            required: ["entity"],
            oneOf: []
        ),
        3005: OCSFClass(activities: [0, 1, 2, 99], required: ["privileges", "user"], oneOf: []),
        5002: OCSFClass(activities: [0, 1, 2, 99], required: ["device"], oneOf: []),
        5019: OCSFClass(activities: [0, 1, 2, 99], required: ["device"], oneOf: []),
        6002: OCSFClass(activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 99], required: ["app"], oneOf: []),
        6003: OCSFClass(activities: [0, 1, 2, 3, 4, 99], required: ["actor", "api", "src_endpoint"], oneOf: []),
        6005: OCSFClass(
            activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99],
            required: ["actor", "src_endpoint"],
            oneOf: ["database", "databucket", "table"]
        ),
        6006: OCSFClass(
            activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 99],
            required: ["actor", "file", "src_endpoint"],
            oneOf: []
        ),
    ]

    /// Attributes that every class requires.
    static let base: Set<String> = [
        "activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid",
    ]
}
