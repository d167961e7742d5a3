package import GloveboxCore

/// The private part of an event.
///
/// The leaf holds only a commitment to it; each field can be opened alone.
///
/// Source: transparency-log specification, section 9. Bytes: 32 bytes of salt, then the canonical JSON list of
/// `[name, base64 salt, value]`.
package struct EventBody: Sendable, Hashable {
    /// One private field.
    package struct Field: Sendable, Hashable {
        /// Its name.
        package let name: String
        /// 32 random bytes.
        package let salt: [UInt8]
        /// Its value.
        package let value: JSONValue

        /// SHA-256 of 43, the salt, the name with its length, and the value.
        package var commitment: Digest {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(128)
            bytes.append(0x43)
            bytes += salt
            UInt64(name.utf8.count).writeBigEndian(to: &bytes)
            bytes += name.utf8
            CanonicalJSON.write(value, to: &bytes)
            return Digest(hashing: bytes)
        }
    }

    /// 32 random bytes.
    package let salt: [UInt8]
    /// The fields in the order given.
    package let fields: [Field]

    /// Draws the salts for a list of fields.
    package init(_ fields: [(String, JSONValue)], using random: inout some RandomNumberGenerator) {
        self.salt = Self.draw(32, using: &random)
        var salted: [Field] = []
        salted.reserveCapacity(fields.count)
        for (name, value) in fields {
            salted.append(Field(name: name, salt: Self.draw(32, using: &random), value: value))
        }
        self.fields = salted
    }

    /// Reads the bytes.
    ///
    /// - Throws: `audit.body-mismatch` for any other form.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        let refused = GloveboxError("audit.body-mismatch", "a private event body has another form")
        guard bytes.count > 32, let list = try JSONReader.readCanonical(Array(bytes[32...])).array else {
            throw refused
        }
        var fields: [Field] = []
        for element in list {
            guard let parts = element.array, parts.count == 3, let name = parts[0].string,
                let salt = parts[1].string.flatMap(Base64.decode), salt.count == 32
            else { throw refused }
            fields.append(Field(name: name, salt: salt, value: parts[2]))
        }
        self.salt = Array(bytes[..<32])
        self.fields = fields
    }

    /// What is sealed in the journal.
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(64 + 128 * fields.count)
        out += salt
        out.append(UInt8(ascii: "["))
        for (at, field) in fields.enumerated() {
            if at > 0 { out.append(UInt8(ascii: ",")) }
            out.append(UInt8(ascii: "["))
            CanonicalJSON.write(field.name, to: &out)
            out += ",\"".utf8
            Base64.write(field.salt, to: &out)
            out += "\",".utf8
            CanonicalJSON.write(field.value, to: &out)
            out.append(UInt8(ascii: "]"))
        }
        out.append(UInt8(ascii: "]"))
        return out
    }

    /// `bodyCommit`: over the list of the fields' commitments, in hex.
    package var commitment: Digest {
        Self.commitment(salt: salt, fields: fields.lazy.map(\.commitment))
    }

    /// `bodyCommit` from the commitments of the fields.
    static func commitment(salt: [UInt8], fields: some Collection<Digest>) -> Digest {
        var list: [UInt8] = []
        list.reserveCapacity(2 + 67 * fields.count)
        var mark = UInt8(ascii: "[")
        for field in fields {
            list.append(mark)
            list.append(UInt8(ascii: "\""))
            field.writeHex(to: &list)
            list.append(UInt8(ascii: "\""))
            mark = UInt8(ascii: ",")
        }
        if fields.isEmpty { list.append(mark) }
        list.append(UInt8(ascii: "]"))
        return commit(salt: salt, body: list)
    }

    /// SHA-256 of 42, the salt and the bytes.
    package static func commit(salt: [UInt8], body: [UInt8]) -> Digest {
        ShortHash.of([0x42] + salt, body[...])
    }

    /// Draws random bytes.
    package static func draw(_ count: Int, using random: inout some RandomNumberGenerator) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(count)
        while out.count < count {
            let word = (random.next() as UInt64).bigEndian
            let most = min(8, count - out.count)
            unsafe withUnsafeBytes(of: word) {
                unsafe out.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[..<most]))
            }
        }
        return out
    }
}
