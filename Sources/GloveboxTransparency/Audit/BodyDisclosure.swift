package import GloveboxCore

/// A private body as an auditor gets it: some fields open, of the others the commitments alone.
///
/// Both together still add up to the commitment in the leaf, so what is shown cannot be changed, and what is kept back
/// cannot be denied. JSON form, one line of `bodies.jsonl`: `{"fields":[…],"index":"…","salt":"…"}`, a field being
/// `{"name":…,"salt":…,"value":…}` or `{"commitment":"<hex>"}`.
///
/// Source: transparency-log specification, section 9.
package struct BodyDisclosure: Sendable {
    /// One field.
    package enum Field: Sendable {
        /// Shown, with its salt.
        case open(EventBody.Field)
        /// Kept back.
        case withheld(Digest)

        var commitment: Digest {
            switch self {
            case .open(let field): field.commitment
            case .withheld(let commitment): commitment
            }
        }
    }

    /// The event's leaf index.
    package let index: UInt64
    private let salt: [UInt8]
    /// The fields in the order of the body.
    package let fields: [Field]

    /// Shows a body but for the fields of these names.
    package init(_ body: EventBody, of index: UInt64, withholding names: Set<String> = []) {
        self.index = index
        self.salt = body.salt
        self.fields = body.fields.map { names.contains($0.name) ? .withheld($0.commitment) : .open($0) }
    }

    private init(index: UInt64, salt: [UInt8], fields: [Field]) {
        self.index = index
        self.salt = salt
        self.fields = fields
    }

    /// The same body with more fields kept back.
    package func withholding(_ names: Set<String>) -> BodyDisclosure {
        let fields: [Field] = fields.map { field in
            guard case .open(let open) = field, names.contains(open.name) else { return field }
            return .withheld(open.commitment)
        }
        return BodyDisclosure(index: index, salt: salt, fields: fields)
    }

    /// Checks that this is the body the leaf commits to.
    ///
    /// - Throws: `audit.body-mismatch`.
    package func check(against commitment: Digest) throws(GloveboxError) {
        guard EventBody.commitment(salt: salt, fields: fields.map(\.commitment)) == commitment else {
            throw GloveboxError(
                "audit.body-mismatch",
                "the private body shown for entry \(index) is not the one that its leaf commits to"
            )
        }
    }

    /// The value of an open field.
    package subscript(name: String) -> JSONValue? {
        for case .open(let field) in fields where field.name.utf8.elementsEqual(name.utf8) { return field.value }
        return nil
    }

    /// The JSON form.
    package var json: JSONValue {
        let list: [JSONValue] = fields.map { field in
            switch field {
            case .open(let open):
                ["name": .string(open.name), "salt": .string(Base64.encode(open.salt)), "value": open.value]
            case .withheld(let commitment): ["commitment": .string(commitment.hex)]
            }
        }
        return ["fields": .array(list), "index": .string(String(index)), "salt": .string(Base64.encode(salt))]
    }

    /// Reads the JSON form.
    ///
    /// - Throws: `audit.body-format`.
    package init(json: JSONValue) throws(GloveboxError) {
        let refused = GloveboxError("audit.body-format", "a disclosed body has another form")
        guard let object = json.object, object.names == ["fields", "index", "salt"],
            let index = json["index"]?.string.flatMap({ Decimal.read($0.utf8) }),
            let salt = json["salt"]?.string.flatMap(Base64.decode), salt.count == 32, let list = json["fields"]?.array
        else { throw refused }
        var fields: [Field] = []
        for element in list {
            if element.object?.names == ["commitment"] {
                guard let commitment = element["commitment"]?.string.flatMap(Digest.init(hex:)) else { throw refused }
                fields.append(.withheld(commitment))
            } else {
                guard element.object?.names == ["name", "salt", "value"], let name = element["name"]?.string,
                    let salt = element["salt"]?.string.flatMap(Base64.decode), salt.count == 32,
                    let value = element["value"]
                else { throw refused }
                fields.append(.open(EventBody.Field(name: name, salt: salt, value: value)))
            }
        }
        self.init(index: index, salt: salt, fields: fields)
    }
}
