package import GloveboxCore
internal import GloveboxJobs

/// `POST /datasets`.
///
/// The private file is named by its path on the host; its bytes never pass through the API.
package struct AddDatasetRequest: APIValue {
    /// The dataset's name.
    package let name: String
    /// The text of the `.dataset.yaml` document.
    package let schema: String
    /// The text of the `.input.yaml` document.
    package let inputPolicy: String
    /// Absolute path of the private file on the host.
    package let privatePath: String

    /// Asks for a dataset.
    package init(name: String, schema: String, inputPolicy: String, privatePath: String) {
        self.name = name
        self.schema = schema
        self.inputPolicy = inputPolicy
        self.privatePath = privatePath
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "dataset")
        self.name = try fields.name("name")
        self.schema = try fields.text("schema", atMost: documentLimit)
        self.inputPolicy = try fields.text("input_policy", atMost: documentLimit)
        self.privatePath = try fields.text("private_path", atMost: 4096)
        try fields.finish()
        let parts = privatePath.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard privatePath.utf8.first == UInt8(ascii: "/"), !privatePath.utf8.contains(0),
            !parts.contains(where: { $0.elementsEqual("..".utf8) })
        else { throw GloveboxError("path.invalid", "private_path must be an absolute path without '..'") }
    }

    package var json: JSONValue {
        [
            "name": .string(name), "schema": .string(schema), "input_policy": .string(inputPolicy),
            "private_path": .string(privatePath),
        ]
    }
}

/// Greatest length of a YAML document in bytes.
///
/// Source: release-policy section 3.1.
package let documentLimit = 262_144

/// The public side of a dataset.
package struct DatasetSummary: APIValue {
    /// Its name.
    package let name: String
    /// The newest version, counted from 1.
    package let version: Int
    /// The account that owns it.
    package let owner: String
    /// One line about it.
    package let description: String
    /// The privacy unit, in words.
    package let privacyUnit: String
    /// The columns' names, in order.
    package let columns: [String]
    /// Plain digest of the mock file.
    package let mockDigest: Digest
    /// Size of the mock file in bytes.
    package let mockBytes: UInt64
    /// Digest of the input policy.
    package let inputPolicy: Digest

    /// Describes a dataset.
    package init(
        name: String,
        version: Int,
        owner: String,
        description: String,
        privacyUnit: String,
        columns: [String],
        mockDigest: Digest,
        mockBytes: UInt64,
        inputPolicy: Digest
    ) {
        self.name = name
        self.version = version
        self.owner = owner
        self.description = description
        self.privacyUnit = privacyUnit
        self.columns = columns
        self.mockDigest = mockDigest
        self.mockBytes = mockBytes
        self.inputPolicy = inputPolicy
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "dataset")
        self.name = try fields.string("name")
        self.version = try fields.count("version")
        self.owner = try fields.string("owner")
        self.description = try fields.string("description")
        self.privacyUnit = try fields.string("privacy_unit")
        self.columns = try fields.strings("columns")
        self.mockDigest = try fields.namedDigest("mock_digest")
        self.mockBytes = try fields.decimal("mock_bytes")
        self.inputPolicy = try fields.namedDigest("input_policy")
        try fields.finish()
    }

    package var json: JSONValue {
        [
            "name": .string(name), "version": .integer(Int64(version)), "owner": .string(owner),
            "description": .string(description), "privacy_unit": .string(privacyUnit),
            "columns": .array(columns.map { .string($0) }), "mock_digest": .string(mockDigest.named),
            "mock_bytes": .string(String(mockBytes)), "input_policy": .string(inputPolicy.named),
        ]
    }
}
