package import GloveboxCore
package import GloveboxJobs

/// `POST /accounts`.
package struct CreateAccountRequest: APIValue {
    /// The name of the new account.
    package let name: String
    /// Its roles; at least one.
    package let roles: Set<Role>

    /// Asks for an account.
    package init(name: String, roles: Set<Role>) {
        self.name = name
        self.roles = roles
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "account")
        self.name = try fields.name("name")
        self.roles = try fields.roles("roles")
        try fields.finish()
        guard !roles.isEmpty else { throw GloveboxError("request.invalid", "an account needs at least one role") }
    }

    package var json: JSONValue { ["name": .string(name), "roles": roles.json] }
}

/// Answer to `POST /accounts`: the only time the token is shown.
package struct CreatedAccount: APIValue {
    /// `acc_…`.
    package let account: String
    /// The bearer token.
    package let token: String

    /// Hands out an account.
    package init(account: String, token: String) {
        self.account = account
        self.token = token
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "account")
        self.account = try fields.string("account")
        self.token = try fields.string("token")
        try fields.finish()
    }

    package var json: JSONValue { ["account": .string(account), "token": .string(token)] }
}

/// `POST /accounts/{id}/keys`: enrols the account's own Ed25519 key.
package struct EnrollKeyRequest: APIValue {
    /// The 32 bytes of the public key.
    package let publicKey: [UInt8]
    /// The 64 bytes of the signature over ``message(account:publicKey:)``.
    package let proof: [UInt8]

    /// Offers a key with the proof that its private half is held.
    package init(publicKey: [UInt8], proof: [UInt8]) {
        self.publicKey = publicKey
        self.proof = proof
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "key")
        guard let publicKey = Hex.decode(try fields.string("public")), publicKey.count == 32,
            let proof = Hex.decode(try fields.string("proof")), proof.count == 64
        else { throw GloveboxError("schema.type", "public must be 32 and proof 64 bytes in lower-case hex") }
        self.publicKey = publicKey
        self.proof = proof
        try fields.finish()
    }

    package var json: JSONValue {
        ["public": .string(Hex.encode(publicKey)), "proof": .string(Hex.encode(proof))]
    }

    /// What the proof signs: `glovebox-enroll/1`, the account and the public key in hex, joined by line feeds.
    package static func message(account: String, publicKey: [UInt8]) -> [UInt8] {
        Array("glovebox-enroll/1\n\(account)\n\(Hex.encode(publicKey))".utf8)
    }
}

/// Answer to `POST /accounts/{id}/keys`.
package struct EnrolledKey: APIValue {
    /// The key id of attestation section 3.1.
    package let keyid: String

    /// Names an enrolled key.
    package init(keyid: String) { self.keyid = keyid }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "key")
        self.keyid = try fields.string("keyid")
        try fields.finish()
    }

    package var json: JSONValue { ["keyid": .string(keyid)] }
}

/// Answer to `GET /whoami`.
package struct WhoAmI: APIValue {
    /// A project that the caller takes part in.
    package struct Membership: APIValue, Hashable {
        /// Its name.
        package let project: String
        /// What the caller is in it.
        package let roles: Set<Role>

        /// Names a part in a project.
        package init(project: String, roles: Set<Role>) { (self.project, self.roles) = (project, roles) }

        package init(json: JSONValue) throws(GloveboxError) {
            var fields = try JSONFields(json, at: "membership")
            project = try fields.string("project")
            roles = try fields.roles("roles")
            try fields.finish()
        }

        package var json: JSONValue { ["project": .string(project), "roles": roles.json] }
    }

    /// `acc_…`.
    package let account: String
    /// The account's name.
    package let name: String
    /// Its roles.
    package let roles: Set<Role>
    /// Key ids of its enrolled keys.
    package let keys: [String]
    /// The site's name.
    package let site: String
    /// The projects it takes part in, by name.
    package let projects: [Membership]
    /// What the token may be used for.
    package let scopes: Set<Scope>
    /// From when the token is refused.
    package let tokenExpires: Instant?

    /// Describes the caller.
    package init(
        account: String,
        name: String,
        roles: Set<Role>,
        keys: [String],
        site: String,
        projects: [Membership] = [],
        scopes: Set<Scope> = .all,
        tokenExpires: Instant? = nil
    ) {
        (self.projects, self.scopes, self.tokenExpires) = (projects, scopes, tokenExpires)
        self.account = account
        self.name = name
        self.roles = roles
        self.keys = keys
        self.site = site
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "whoami")
        self.account = try fields.string("account")
        self.name = try fields.string("name")
        self.roles = try fields.roles("roles")
        self.keys = try fields.strings("keys")
        self.site = try fields.string("site")
        self.projects = try fields.values("projects")
        self.scopes = try fields.scopes("scopes")
        self.tokenExpires = try fields.optionalInstant("token_expires")
        try fields.finish()
    }

    package var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("account", .string(account)), ("name", .string(name)), ("roles", roles.json),
            ("keys", .array(keys.map { .string($0) })), ("site", .string(site)),
            ("projects", .array(projects.map(\.json))), ("scopes", scopes.json),
        ]
        if let tokenExpires { members.append(("token_expires", .string(tokenExpires.description))) }
        return .object(JSONObject(members))
    }
}

extension JSONFields {
    /// Takes an array of role names.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func roles(_ name: String) throws(GloveboxError) -> Set<Role> {
        var out: Set<Role> = []
        for text in try strings(name) { out.insert(try Role(reading: text)) }
        return out
    }
}

extension Set<Role> {
    /// The sorted names as a JSON array.
    package var json: JSONValue { .array(names.map { .string($0) }) }
}
