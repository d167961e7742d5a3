internal import GloveboxCore
internal import GloveboxPrivacy
internal import GloveboxTransparency

/// One entry of a broker's ledger.
enum LedgerEntry: Sendable {
    /// A dataset's keys, wrapped.
    case enrolled(EnrolledKey)
    /// A run was paid for and its key granted; it leaves when the log says so.
    case granted(KeyGrant)
    /// The log says so.
    case released(request: Digest, index: UInt64, size: UInt64)
    /// The broker came to believe another root, an heir of the one before, and the log's key that it vouches for.
    case followed(root: [UInt8], log: NoteKey)
    /// Another key-encryption key took the place of the one before: everything wrapped under it.
    case rotated([EnrolledKey], history: [UInt8])
    /// Noise was paid for.
    case charged(PrivacyLedger.Charge, request: Digest)
    /// A lineage began with what was spent on another.
    case split(from: String, into: String)

    init(json: JSONValue) throws(GloveboxError) {
        var outer = try JSONFields(json, at: "ledger")
        let kind = try outer.string("kind")
        var fields = try outer.nested("entry")
        try outer.finish()
        switch kind {
        case "enrolled": self = .enrolled(try EnrolledKey(&fields))
        case "granted": self = .granted(try KeyGrant(&fields))
        case "released":
            self = .released(
                request: try fields.digest("request"),
                index: try fields.decimal("index"),
                size: try fields.decimal("size")
            )
        case "charged":
            self = .charged(
                try PrivacyLedger.Charge(json: fields.required("charge")),
                request: try fields.digest("request")
            )
        case "followed":
            self = .followed(root: try fields.base64("root"), log: try NoteKey(vkey: fields.string("log")))
        case "rotated":
            var keys: [EnrolledKey] = []
            for key in try fields.array("keys") {
                var fields = try JSONFields(key, at: "ledger.keys")
                keys.append(try EnrolledKey(&fields))
                try fields.finish()
            }
            self = .rotated(keys, history: try fields.base64("history"))
        case "split": self = .split(from: try fields.string("from"), into: try fields.string("into"))
        default: throw GloveboxError("kbs.store", "the broker's ledger has an entry of an unknown kind")
        }
        try fields.finish()
    }

    var json: JSONValue {
        switch self {
        case .enrolled(let key): ["kind": "enrolled", "entry": key.json]
        case .granted(let grant): ["kind": "granted", "entry": grant.json]
        case .released(let request, let index, let size):
            [
                "kind": "released",
                "entry": [
                    "request": request.json, "index": .string(String(index)), "size": .string(String(size)),
                ],
            ]
        case .followed(let root, let log):
            ["kind": "followed", "entry": ["root": .string(Base64.encode(root)), "log": .string(log.vkey)]]
        case .rotated(let keys, let history):
            [
                "kind": "rotated",
                "entry": ["keys": .array(keys.map(\.json)), "history": .string(Base64.encode(history))],
            ]
        case .charged(let charge, let request):
            ["kind": "charged", "entry": ["charge": charge.json, "request": request.json]]
        case .split(let lineage, let new):
            ["kind": "split", "entry": ["from": .string(lineage), "into": .string(new)]]
        }
    }
}

/// The keys of one dataset, wrapped under the key-encryption key.
struct EnrolledKey: Sendable {
    /// Name of the encrypted file.
    let file: String
    /// Commitment to the data, which plans name.
    let commitment: Digest
    /// Data key and lineage key, wrapped together.
    let wrapped: [UInt8]

    init(file: String, commitment: Digest, wrapped: [UInt8]) {
        self.file = file
        self.commitment = commitment
        self.wrapped = wrapped
    }

    init(_ fields: inout JSONFields) throws(GloveboxError) {
        file = try fields.string("file")
        commitment = try fields.digest("commitment")
        wrapped = try fields.base64("wrapped")
    }

    var json: JSONValue {
        [
            "file": .string(file), "commitment": commitment.json, "wrapped": .string(Base64.encode(wrapped)),
        ]
    }
}
